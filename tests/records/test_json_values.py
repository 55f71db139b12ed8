from __future__ import annotations

from typing import Any

import pytest

from hemavision.records.json_values import listed, number, text, truth, whole

WRONG = [None, "1", [], {}, True, 1, 1.5, -1, -0.5, float("nan"), float("inf")]


@pytest.mark.parametrize(
    ("read", "right"),
    [
        (whole, {1, -1}),
        (number, {1, 1.5}),
        (truth, {True}),
        (text, {"1"}),
    ],
)
def test_each_takes_its_own_type_and_no_other(read: Any, right: set[Any]) -> None:
    for value in WRONG:
        fits = any(value is r or (type(value) is type(r) and value == r) for r in right)
        if fits:
            assert read({"name": value}, "name") == value
        else:
            with pytest.raises(ValueError, match=r"name is .*; it must be"):
                read({"name": value}, "name")
    with pytest.raises(KeyError):
        read({}, "name")


def test_a_list_is_a_list() -> None:
    assert listed({"a": [1]}, "a") == [1]
    for value in ({}, "text", None):
        with pytest.raises(ValueError, match="a list"):
            listed({"a": value}, "a")


def test_a_whole_number_can_have_a_least() -> None:
    assert whole({"a": 1}, "a", least=1) == 1
    with pytest.raises(ValueError, match="1 or more"):
        whole({"a": 0}, "a", least=1)
