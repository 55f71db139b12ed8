"""What the cases' endpoints take."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType, field

from hemavision.casework.recognition import THUMBNAIL_PX
from hemavision.reading.explaining.overlay import OPACITY
from hemavision.records.results import Status
from hemavision.store.cells import MOST_CHANGES
from hemavision.store.readers import SHORTEST_PASSWORD, Role
from hemavision.store.records import State
from hemavision.web.api.bodies import Body, Name, Number, Ordinal, Title
from hemavision.words import ENGLISH

Reason = Annotated[str, Meta(min_length=1, max_length=2000)]
Password = Annotated[str, Meta(min_length=SHORTEST_PASSWORD, max_length=256)]


class PageQuery(Body):
    """Which part of a list."""

    limit: Annotated[int, Meta(ge=1, le=1000)] = 100
    offset: Number = 0


class CasesQuery(PageQuery):
    """Which cases."""

    search: Title = ""
    state: State | None = None


class NewCase(Body):
    """A case to be made."""

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    slide: Title = ""


class CellsQuery(PageQuery):
    """Which cells."""

    cell_type: Name | None = None
    status: Status | None = None
    decided: bool | None = None
    image: Number | None = None


class CellBox(Body):
    """A box around a cell, in pixels of its image; right and bottom are exclusive."""

    left: Number
    top: Number
    right: Number
    bottom: Number


class NewCell(Body):
    """A white cell that nobody had found."""

    box: CellBox


class CellChange(Body):
    """A decision: ``revision`` is the cell's as it was seen; null takes a decision back."""

    id: Number
    revision: Number
    cell_type: Name | None


class CellChanges(Body):
    """Decisions, all or none.

    Several types at once need ``seen``: nobody says what a cell is that was never on the screen.

    Attributes:
        seen: the cells that the reader had on the screen.
        opened: those of them that were looked at large: of several at once, others that the model
            doubts are left out.
    """

    changes: Annotated[list[CellChange], Meta(min_length=1, max_length=MOST_CHANGES)]
    seen: Annotated[list[Number], Meta(max_length=MOST_CHANGES)] | UnsetType = UNSET
    opened: Annotated[list[Number], Meta(max_length=MOST_CHANGES)] = field(default_factory=list)


class Undo(Body):
    """Which batch to take back; the reader's own last one if none is named."""

    batch: Ordinal | UnsetType = UNSET


class Signature(Body):
    """``revision`` is the case's as it was seen; ``acknowledged`` the critical types in it.

    Attributes:
        acknowledged: the critical types that the case holds, each by its name.
        uncounted: leave out what nobody has decided on where the count has stopped.
    """

    revision: Number
    acknowledged: Annotated[list[Name], Meta(max_length=50)] = field(default_factory=list)
    uncounted: bool = False


class Amendment(Body):
    """Why a signed case is opened again."""

    reason: Reason


class Removal(Body):
    """Why an image is taken out of a case."""

    reason: Reason


class NewRead(Body):
    """A second reading: of ``sample`` cells by ``seed``, or of all."""

    sample: Ordinal | UnsetType = UNSET
    seed: Number = 0


class ThumbnailQuery(Body):
    """How large; in pixels."""

    side: Annotated[int, Meta(ge=32, le=512)] = THUMBNAIL_PX


class ThumbnailsQuery(Body):
    """Of which cells, their numbers with a comma between them; how large, in pixels."""

    cells: Annotated[str, Meta(pattern=r"^[1-9]\d{0,8}(,[1-9]\d{0,8}){0,199}$")]
    side: Annotated[int, Meta(ge=32, le=THUMBNAIL_PX)] = THUMBNAIL_PX


class HeatmapQuery(Body):
    """Which heatmap."""

    cell_type: Name | None = None
    opacity: Annotated[float, Meta(ge=0, le=1)] = OPACITY


class AgreementQuery(Body):
    """Over which time, and of which case."""

    period: Literal["day", "month", "year"] = "month"
    case: Number | None = None


class SlidesQuery(Body):
    """Which type's percentages are compared slide by slide."""

    cell_type: Name


class VerifyQuery(Body):
    """A head of the log that was noted earlier."""

    expect: Annotated[str, Meta(min_length=64, max_length=64)] | None = None


class CountQuery(Body):
    """What is counted.

    Attributes:
        suggestions: count the model's word where nobody has decided; what is unfamiliar to it is
            never counted.
    """

    suggestions: bool = False


class ReportQuery(CountQuery):
    """What is counted, and of which version.

    Attributes:
        version: a signed version of the case; the case as it is by default.
        language: of the words of `html` and `pdf`, such as de; the other forms are for programs,
            and in English.
    """

    version: Ordinal | None = None
    language: Annotated[str, Meta(pattern="^[a-z]{2,3}$")] = ENGLISH


class Login(Body):
    """A reader's name and password."""

    name: Name
    password: Annotated[str, Meta(min_length=1, max_length=256)]


class NewReader(Body):
    """An account to be made."""

    name: Name
    role: Role
    password: Password


class ReaderChange(Body):
    """What changes of an account."""

    role: Role | UnsetType = UNSET
    disabled: bool | UnsetType = UNSET
    password: Password | UnsetType = UNSET


class NewToken(Body):
    """A token to be made; what it is for."""

    label: Name
