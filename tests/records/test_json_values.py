from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any

import numpy as np
import pytest
from msgspec import UNSET, Meta, UnsetType

from hemavision.records.json_values import (
    HIDDEN,
    Count,
    Positive,
    Record,
    Share,
    as_json,
    member,
    of_type,
)


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True)
class Edge:
    left: int
    right: int


@dataclass(frozen=True)
class Found(Record):
    """All that a record may have."""

    name: str
    colour: Colour
    edges: tuple[Edge, ...]
    shares: dict[str, Share]
    size: Annotated[int, Meta(ge=1)]
    other: str | None = None
    more: str | UnsetType = UNSET
    pixels: np.ndarray | None = field(default=None, compare=False, metadata=HIDDEN)

    @property
    @member
    def count(self) -> Count:
        return len(self.edges)

    @property
    def secret(self) -> int:
        return 7


FOUND = Found("a", Colour.RED, (Edge(1, 2),), {"x": 0.5}, 3, pixels=np.ones(3))
VALUES: dict[str, Any] = {
    "name": "a", "colour": "red", "edges": [{"left": 1, "right": 2}], "shares": {"x": 0.5},
    "size": 3, "other": None, "count": 1,
}  # fmt: skip


def test_fields_and_members_are_told_and_what_is_hidden_is_not() -> None:
    values = FOUND.to_json()
    assert values == VALUES
    assert type(values["colour"]) is str
    json.dumps(values, allow_nan=False)


def test_what_was_left_unset_is_left_out() -> None:
    assert "more" not in FOUND.to_json()
    told = Found("a", Colour.RED, (), {}, 1, more="b").to_json()
    assert (told["more"], told["other"]) == ("b", None)


def test_it_comes_back_as_it_went() -> None:
    assert Found.from_json(json.loads(json.dumps(VALUES))) == FOUND
    assert Found.from_json(VALUES | {"strange": 1, "count": 99}).count == 1


def test_mappings_and_lists_of_records_are_told_too() -> None:
    assert as_json({"a": [Edge(1, 2)], "b": (1, None)}) == {
        "a": [{"left": 1, "right": 2}], "b": [1, None],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("name", 1, "name: Expected text, got a whole number"),
        ("colour", "blue", "colour: Invalid enum value 'blue'"),
        ("edges", {}, "edges: Expected a list, got an object"),
        ("edges", [{"left": 1}], r"edges\[0\]: Object missing required field `right`"),
        ("edges", [{"left": True, "right": 2}], r"edges\[0\].left: Expected a whole number, got"),
        ("edges", [{"left": 1.5, "right": 2}], "Expected a whole number, got a number"),
        ("shares", {"x": -0.1}, "Expected a number >= 0"),
        ("shares", {"x": "1"}, "Expected a number, got text"),
        ("size", 0, "size: Expected a whole number >= 1"),
        ("other", 1, "other: Expected text or null, got a whole number"),
    ],
)
def test_what_is_of_another_type_is_named(name: str, value: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Found.from_json(VALUES | {name: value})


def test_what_is_missing_is_named() -> None:
    with pytest.raises(ValueError, match="missing required field `size`"):
        Found.from_json({name: value for name, value in VALUES.items() if name != "size"})
    with pytest.raises(ValueError, match="Expected an object, got a list"):
        of_type([], Found)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf"), -1.0])
def test_a_number_is_finite_and_not_below_zero(number: float) -> None:
    with pytest.raises(ValueError, match="a number"):
        of_type(number, Positive)


def test_rounding_above_one_stays_readable() -> None:
    assert of_type(1.0000001, Share) == 1.0000001
