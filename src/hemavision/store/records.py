"""The nouns that go into the store and come out of it, as frozen records with a JSON form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from hemavision.records.classes import ClassList
from hemavision.records.json_values import (
    HIDDEN,
    Count,
    Positive,
    Record,
    Sha256,
    Share,
    Time,
)
from hemavision.records.results import Box, Detection, ModelReference, Prediction, Status


class State(StrEnum):
    """Where a case stands."""

    #: Nobody has decided on a cell yet.
    NEW = "new"
    IN_REVIEW = "in_review"
    #: Read-only until it is amended.
    SIGNED = "signed"


class ImageKind(StrEnum):
    """What an image shows."""

    #: One cell, which the model names as it is.
    CELL = "cell"
    #: Many cells, which are found first.
    FIELD = "field"


@dataclass(frozen=True)
class Counts:
    """A case's cells: all, those that a person has decided on, and the rest by status."""

    cells: Count
    decided: Count
    undecided: Mapping[str, Count]


@dataclass(frozen=True)
class Entries(Record):
    """What a reader enters beside the cells; part of what is signed.

    Attributes:
        target: white cells to count.
        white_cells: total white cell count, 10⁹/L.
        nucleated_apart: that count has no nucleated red cells in it.
        analyser: type → share of the white cells, percent, as an analyser gave it.
        analyser_cells: white cells that it classified, where it says so.
        analyser_name: of the analyser.
        profile: name of the reference ranges; empty for the server's own.
        estimate: whether the estimate behind the model's calls is wanted.
        comment: the reader's own words, for the report.
        pixel_um: micrometres that a pixel of the camera is wide, for images whose files do not say.
        revision: counts up with every change; a change names the one that it saw.
    """

    target: int = 100
    white_cells: float | None = None
    nucleated_apart: bool = False
    analyser: Mapping[str, float] = field(default_factory=dict)
    analyser_cells: int | None = None
    analyser_name: str = ""
    profile: str = ""
    estimate: bool = False
    comment: str = ""
    pixel_um: float | None = None
    revision: Count = 0


@dataclass(frozen=True)
class Case(Record):
    """A slide's images and cells.

    Attributes:
        id: its number.
        name: for people.
        slide: the slide's own number or name; may be empty.
        state: where it stands.
        version: counts up with every amendment, from 1.
        revision: counts up with every change, so that nobody signs what they have not seen.
        created_at: when; ISO 8601, UTC, as all times here.
        created_by: by whom.
        updated_at: last change.
        updated_by: by whom.
        entries: what a reader entered beside the cells; not in the JSON form: a reader who shall
            not know what was decided sees the rest.
        classes: what its cells may be called, from its making on; not in the JSON form.
        images: how many there are.
        counts: of its cells.
    """

    id: Count
    name: str
    slide: str
    state: State
    version: Count
    revision: Count
    created_at: Time
    created_by: str
    updated_at: Time
    updated_by: str
    entries: Entries = field(metadata=HIDDEN)
    classes: ClassList = field(metadata=HIDDEN)
    images: Count
    counts: Counts


@dataclass(frozen=True)
class Version(Record):
    """One round of a case, from opening to signature.

    Attributes:
        version: its number, from 1.
        opened_at: when.
        opened_by: by whom.
        reason: why the signed one before it was opened again; empty for the first.
        signed_at: when, if it was.
        signed_by: by whom, if it was.
        decisions: cell → type as signed, null for one that the count stopped before; None while
            open.
        entries: as signed, their JSON values; None while open.
        figures: what its report says besides, as signed; None while open, and where it was signed
            before figures were kept.
    """

    version: Count
    opened_at: Time
    opened_by: str
    reason: str
    signed_at: Time | None
    signed_by: str | None
    decisions: dict[str, str] | None
    entries: dict[str, Any] | None
    figures: dict[str, Any] | None


@dataclass(frozen=True)
class Figures:
    """What a report says beside what was decided and entered, to be signed with it.

    Attributes:
        profile: name of the reference ranges that the case was read against where its entries
            name none.
        values: ranges, models and the like, as JSON values; the store only keeps them.
        heatmaps: cell → PNG, of the cells that the report shows.
        uncounted: where readers have decided on as many white cells as they aimed at, leave the
            undecided ones out of the count.
    """

    profile: str
    values: Mapping[str, Any]
    heatmaps: Mapping[int, bytes]
    uncounted: bool = False


@dataclass(frozen=True)
class NewCell:
    """A cell as the model found and named it.

    Attributes:
        box: around the cell, in pixels of the image.
        prediction: of the model; its box lies in pixels of the image too.
        cutout: PNG of what is around it in a field; None where the image shows it alone.
        thumbnail: JPEG of it for galleries; where there is none, they make it each time.
    """

    box: Box
    prediction: Prediction
    cutout: bytes | None = None
    thumbnail: bytes | None = None


@dataclass(frozen=True)
class NewImage:
    """An image, checked and read by the model, on its way into a case.

    Attributes:
        name: of the file, as it came.
        content: the file's bytes.
        sha256: of the bytes.
        kind: what it shows.
        width: in pixels, upright.
        height: in pixels, upright.
        notes: what was done to open it.
        cells: to be decided on.
        others: what else was found: red cells, platelets, cells that the border cuts.
        model: that named the cells.
        pixel_um: micrometres that a pixel is wide, where the file says so.
    """

    name: str
    content: bytes
    sha256: str
    kind: ImageKind
    width: int
    height: int
    notes: tuple[str, ...]
    cells: tuple[NewCell, ...]
    others: tuple[Detection, ...]
    model: ModelReference
    pixel_um: float | None = None


@dataclass(frozen=True)
class StoredImage(Record):
    """An image of a case.

    Attributes:
        others: what else was found, by kind.
        pixel_um: micrometres that a pixel is wide, where the file says so.
    """

    id: Count
    case_id: Count
    name: str
    sha256: Sha256
    kind: ImageKind
    width: Count
    height: Count
    notes: tuple[str, ...]
    others: dict[str, int]
    cells: Count
    model: ModelReference
    added_at: Time
    added_by: str
    pixel_um: float | None


@dataclass(frozen=True)
class Suggestion:
    """What the model said, in short."""

    cell_type: str
    confidence: Share
    probabilities: dict[str, Share]
    status: Status
    novelty: Positive
    looked_elsewhere: bool
    foreign_colours: bool
    seen: str | None


@dataclass(frozen=True)
class CellSummary(Record):
    """A cell of a case, as a gallery of a thousand needs it.

    Attributes:
        added_by: who added it by hand; null where it was found in its image.
    """

    id: Count
    image_id: Count
    box: Box
    suggestion: Suggestion
    decided_type: str | None
    decided_by: str | None
    decided_at: Time | None
    revision: Count
    added_by: str | None


@dataclass(frozen=True)
class Cell(Record):
    """A cell of a case, with all that the model said.

    Attributes:
        id: its number.
        case_id: its case.
        image_id: its image.
        box: around it, in pixels of the image.
        suggestion: what the model said.
        decided_type: what a person said; None until then.
        decided_by: who.
        decided_at: when.
        revision: counts up with every decision; a change names the one that it saw.
        added_by: who added it by hand; None where it came with its image.
    """

    id: Count
    case_id: Count
    image_id: Count
    box: Box
    suggestion: Prediction
    decided_type: str | None
    decided_by: str | None
    decided_at: Time | None
    revision: Count
    added_by: str | None

    def summary(self) -> CellSummary:
        """Return the cell in short."""
        said = self.suggestion
        suggestion = Suggestion(
            said.cell_type, said.confidence, said.probabilities, said.status, said.novelty,
            said.looked_elsewhere, said.foreign_colours,
            said.reasons.seen if said.reasons else None,
        )  # fmt: skip
        return CellSummary(
            id=self.id,
            image_id=self.image_id,
            box=self.box,
            suggestion=suggestion,
            added_by=self.added_by,
            **self.decision(),
        )

    def decision(self) -> dict[str, Any]:
        """Return what was decided, by whom and when."""
        return {
            "decided_type": self.decided_type,
            "decided_by": self.decided_by,
            "decided_at": self.decided_at,
            "revision": self.revision,
        }


@dataclass(frozen=True)
class Look:
    """What a picture of a cell is made from.

    Attributes:
        box: around the cell, in pixels of its image.
        width: of the image, in pixels.
        height: of the image, in pixels.
        sha256: of the image's file.
        kind: of the image.
        notes: what was done to open the image.
        cutout: PNG of what is around the cell in a field; None where none is kept.
    """

    box: Box
    width: int
    height: int
    sha256: str
    kind: ImageKind
    notes: tuple[str, ...]
    cutout: bytes | None


@dataclass(frozen=True)
class Change:
    """A decision on a cell.

    Attributes:
        cell_id: which.
        revision: of the cell as the reader saw it.
        cell_type: what it is; None takes a decision back.
    """

    cell_id: int
    revision: int
    cell_type: str | None


@dataclass(frozen=True)
class Entry(Record):
    """A row of the log. ``hash`` seals it and all before it."""

    id: Count
    at: str
    who: str
    action: str
    case_id: Count | None
    case_revision: Count | None
    cell_id: Count | None
    before: str | None
    after: str | None
    image_sha256: Sha256 | None
    model_sha256: Sha256 | None
    batch: Count
    detail: Mapping[str, Any]
    hash: Sha256


@dataclass(frozen=True)
class Page:
    """Which rows of a long list are wanted."""

    limit: int = 100
    offset: int = 0
