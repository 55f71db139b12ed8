"""The table of a job: its columns, the same in every form, under a name with a version.

A version's columns never change their name, kind or meaning; a new one is a new version
(docs/batch.md has the list). Nothing that differs from run to run is among them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from hemavision.reading.bundle import Manifest


class Kind(Enum):
    """What a column holds; any may be empty."""

    TEXT = "text"
    WHOLE = "whole number"
    NUMBER = "number"
    TRUTH = "true or false"
    CELLS = "list of cells"


@dataclass(frozen=True)
class Column:
    """A column: its name, what it holds, and what that means."""

    name: str
    kind: Kind
    meaning: str


@dataclass(frozen=True)
class Schema:
    """A table's columns.

    Attributes:
        name: with the version, as the column ``schema`` says it.
        columns: in order.
    """

    name: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> list[str]:
        """The columns' names, in order."""
        return [column.name for column in self.columns]


#: Of a cell in the column ``cells`` of ``detect``.
CELL = (
    Column("kind", Kind.TEXT, "`white_cell`, `red_cell` or `platelet`"),
    Column("left", Kind.WHOLE, "its box in pixels"),
    Column("top", Kind.WHOLE, "likewise"),
    Column("right", Kind.WHOLE, "exclusive"),
    Column("bottom", Kind.WHOLE, "exclusive"),
    Column("score", Kind.NUMBER, "of the detector, 0 to 1"),
    Column("cut", Kind.TRUTH, "whether the border cuts it"),
    Column("clumped", Kind.TRUTH, "whether it lies over another of its kind"),
    Column("cell_type", Kind.TEXT, "of a white cell"),
    Column("confidence", Kind.NUMBER, "of a white cell's type, 0 to 1"),
    Column("status", Kind.TEXT, "of a white cell: `confident`, `check` or `unfamiliar`"),
    Column("novelty", Kind.NUMBER, "of a white cell: above 1 is unfamiliar"),
)

_IMAGE = (
    Column("path", Kind.TEXT, "the image: a path, a URL, or an archive's and the entry's"),
    Column("width", Kind.WHOLE, "of the image, in pixels"),
    Column("height", Kind.WHOLE, "of the image, in pixels"),
)
_TILE_OR_IMAGE = Column("path", Kind.TEXT, "the image, or a slide's tile: `SLIDE#xywh=…`")
_SLIDE = Column("path", Kind.TEXT, "the slide")
#: What begins the name of a type's column in `detect`.
_COUNT = "n_"
_END = (
    Column("notes", Kind.TEXT, "what was done to open the image, parted by `; `"),
    Column("heatmap", Kind.TEXT, "its picture in the folder of `--heatmaps`"),
    Column("schema", Kind.TEXT, "this table's name and version"),
    Column("notice", Kind.TEXT, "what the results are for"),
)
_MODEL = (
    Column("model", Kind.TEXT, "the model's name"),
    Column("model_sha256", Kind.TEXT, "of the model's file"),
)
_DETECTOR = (
    Column("detector", Kind.TEXT, "the detector's name"),
    Column("detector_sha256", Kind.TEXT, "of the detector's file"),
)
_CELL_OF_IMAGE = (
    Column("cell_type", Kind.TEXT, "the most probable type"),
    Column("confidence", Kind.NUMBER, "its calibrated probability, 0 to 1"),
    Column("status", Kind.TEXT, "`confident`, `check` or `unfamiliar`"),
    Column("novelty", Kind.NUMBER, "above 1 the cell is like none that the model knows"),
    Column("focus", Kind.NUMBER, "share of the heatmap that lies on the cell, 0 to 1"),
    Column("looked_elsewhere", Kind.TRUTH, "whether that is too little"),
    Column("foreign_colours", Kind.TRUTH, "whether light and stain are of no known laboratory"),
    Column("left", Kind.WHOLE, "where the model looked: a box in pixels, may reach outside"),
    Column("top", Kind.WHOLE, "likewise"),
    Column("right", Kind.WHOLE, "exclusive"),
    Column("bottom", Kind.WHOLE, "exclusive"),
    Column("seen", Kind.TEXT, "nucleus, granules and cytoplasm in words"),
)
_FIELD = (
    Column("white_cells", Kind.WHOLE, "found in the field, cut ones too"),
    Column("red_cells", Kind.WHOLE, "likewise"),
    Column("platelets", Kind.WHOLE, "likewise"),
    Column("counted", Kind.WHOLE, "white cells of all types in the differential"),
    Column("cut", Kind.WHOLE, "white cells left out of it: the border cuts them"),
    Column("unfamiliar", Kind.WHOLE, "white cells left out of it: like none that is known"),
)
_FIELD_END = (
    Column("warnings", Kind.TEXT, "what makes the answer less sure, as codes parted by `; `"),
    Column("sharpness", Kind.NUMBER, "of the picture"),
    Column("cells", Kind.CELLS, "every cell, the surest first"),
)


def classify_schema(manifest: Manifest) -> Schema:
    """Return the columns of ``classify`` with a model: a row is an image."""
    types = (Column(f"p_{name}", Kind.NUMBER, "probability") for name in manifest.cell_types)
    looks = (
        column
        for name in manifest.morphology
        for column in (
            Column(f"look_{name}", Kind.TEXT, "most probable value"),
            Column(f"look_{name}_p", Kind.NUMBER, "its probability"),
        )
    )
    columns = (*_IMAGE, *_CELL_OF_IMAGE, *types, *looks, *_MODEL, *_END)
    return Schema("hemavision.classify/1", columns)


def detect_schema(manifest: Manifest) -> Schema:
    """Return the columns of ``detect`` with a model: a row is a field."""
    types = (
        Column(f"{_COUNT}{name}", Kind.WHOLE, "cells in the differential")
        for name in manifest.cell_types
    )
    columns = (
        _TILE_OR_IMAGE,
        *_IMAGE[1:],
        *_FIELD,
        *types,
        *_FIELD_END,
        *_MODEL,
        *_DETECTOR,
        *_END,
    )
    return Schema("hemavision.detect/1", columns)


def slide_schema() -> Schema:
    """Return the columns of a slide's own table: a row is a cell, in pixels of the slide."""
    return Schema("hemavision.slide/1", (_SLIDE, *CELL, *_MODEL, *_DETECTOR, *_END[2:]))


def types_in(names: Iterable[str]) -> list[str]:
    """Return the cell types that a field's columns count."""
    return [name.removeprefix(_COUNT) for name in names if name.startswith(_COUNT)]


def text_of(value: str) -> str:
    """Return text that UTF-8 can hold: what is no character of it becomes ``\\\\udcff``."""
    return value.encode("utf-8", "backslashreplace").decode("utf-8")


def joined(values: Iterable[Any]) -> str:
    """Return several texts as one column holds them."""
    return "; ".join(map(str, values))
