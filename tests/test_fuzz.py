"""Every door by which a stranger's bytes come in, tried with what is sound but for a little.

``scripts/fuzz.py`` tries many more; what it found once is kept in ``fuzzed`` and stays mended.
"""

from __future__ import annotations

import random
from pathlib import Path

import fuzz
import pytest
from fuzz import Tally, boxed, by_lot
from fuzz_doors import DOORS
from fuzz_mutations import mutate

FUZZED = Path(__file__).parent / "fuzzed"
#: What libraries say of files that are not as they should be.
pytestmark = [
    pytest.mark.filterwarnings("ignore::UserWarning:PIL"),
    pytest.mark.filterwarnings("ignore::UserWarning:pydicom"),
    pytest.mark.filterwarnings("ignore::RuntimeWarning"),
]


@pytest.mark.parametrize("inputs", [50, pytest.param(2000, marks=pytest.mark.long)])
@pytest.mark.parametrize("name", list(DOORS))
def test_no_input_gets_past_a_door_by_breaking_it(
    name: str, inputs: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEMAVISION_DATA", "none")  # drawn and generated files alone
    tally = Tally()
    with boxed(name, tmp_path, tally) as judge:
        by_lot(judge, inputs, seed=7)
        kept = sorted((FUZZED / name).glob("*"))
        for path in kept:
            judge.try_out(path.read_bytes())
    assert tally.findings == {}
    assert tally.inputs == inputs + len(kept)
    assert tally.refused > 0 or name in ("api", "tables")


def test_what_is_wrong_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The judge sees a foreign error, a file left behind, and too much memory."""
    monkeypatch.setattr(fuzz, "MOST_MB", 50)

    def enter(content: bytes, folder: Path) -> None:
        if content == b"wrong":
            raise KeyError("wrong")
        if content == b"left":
            Path("left").write_bytes(content)
        if content == b"large":
            # Five times the limit: what the process gives back meanwhile is not counted in it.
            bytearray(250_000_000)

    with boxed("tables", tmp_path, Tally()) as judge:
        judge.door = type(judge.door)(lambda: [], enter, ())
        for content in (b"sound", b"wrong", b"left", b"large"):
            judge.try_out(content)
        assert not list(Path().iterdir())
    found = " ".join(judge.tally.findings)
    assert "KeyError at test_fuzz.py" in found
    assert "left behind: left" in found
    assert "MB" in found
    assert len(judge.tally.findings) == 3
    assert (tmp_path / judge.tally.findings["left behind: left"]).read_bytes() == b"left"


def test_sound_files_are_taken_and_a_change_is_the_seed_s(tmp_path: Path) -> None:
    for name in ("images", "keras"):
        with boxed(name, tmp_path, Tally()) as judge:
            (first, *_) = judge.door.seeds()
            judge.try_out(first)
            assert (judge.tally.refused, judge.tally.findings) == (0, {})
        changed = [mutate(first, random.Random(seed)) for seed in (1, 1, 2)]
        assert changed[0] == changed[1] != changed[2]
