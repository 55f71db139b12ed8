"""What is read together is of one moment, whatever is written meanwhile."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fixtures_cases import decide_all
from sqlalchemy import func, select, update

from hemavision.errors import StoreError
from hemavision.store import Store
from hemavision.store.cases import amend_case, create_case, find_case, list_versions, sign_case
from hemavision.store.cells import tally
from hemavision.store.records import Case, State
from hemavision.store.schema import cases

Filled = Callable[..., Case]


def test_a_reader_sees_one_moment(store: Store) -> None:
    how_many = select(func.count()).select_from(cases)
    with store.reading() as connection:
        assert connection.execute(how_many).scalar() == 0
        create_case(store, "Meanwhile", "", "ann")
        assert connection.execute(how_many).scalar() == 0
    with store.reading() as connection:
        assert connection.execute(how_many).scalar() == 1


def test_a_reader_writes_nothing(store: Store) -> None:
    create_case(store, "Kept", "", "ann")
    refused = pytest.raises(StoreError, match=r"read-only transaction|readonly database")
    with refused, store.reading() as connection:
        connection.execute(update(cases).values(name="Changed"))
    with store.reading() as connection:
        assert connection.execute(select(cases.c.name)).scalar() == "Kept"


def test_many_functions_see_one_moment(store: Store, filled: Filled) -> None:
    case = filled(2)
    decide_all(store, case, "neutrophil")
    sign_case(store, case.id, find_case(store, case.id).revision, "ann")
    with store.at_one_moment() as still:
        assert find_case(still, case.id).state is State.SIGNED
        amend_case(store, case.id, "a second look", "sue")
        decide_all(store, case, "monocyte")
        assert find_case(still, case.id).state is State.SIGNED
        assert len(list_versions(still, case.id)) == 1
        with still.at_one_moment() as within:
            assert tally(within, case.id).decided == {"neutrophil": 2}
    assert tally(store, case.id).decided == {"monocyte": 2}


def test_a_moment_is_not_written_to(store: Store) -> None:
    with store.at_one_moment() as still:
        with pytest.raises(StoreError, match="read only"):
            create_case(still, "Never", "", "ann")
        with pytest.raises(StoreError, match="read only"), still.noting():
            pass
    # What a reader used can be written with again.
    assert create_case(store, "Later", "", "ann").id
