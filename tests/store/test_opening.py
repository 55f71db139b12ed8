"""Opening stores: new ones, from several threads at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from hemavision.store import open_store
from hemavision.store.cases import create_case

AT_ONCE = 6


def test_new_stores_are_made_by_several_threads_at_once(tmp_path: Path) -> None:
    def make(number: int) -> str:
        store = open_store(str(tmp_path / f"{number}.sqlite"))
        try:
            return create_case(store, f"Round {number}", "", "ann").name
        finally:
            store.close()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        names = list(pool.map(make, range(AT_ONCE)))
    assert names == [f"Round {number}" for number in range(AT_ONCE)]
