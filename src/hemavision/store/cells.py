"""Cells: listed and decided on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, case, func, select, update

from hemavision.errors import ConflictError, MissingError, RefusedError
from hemavision.records.cells import UNIDENTIFIED
from hemavision.records.classes import ClassList
from hemavision.records.json_values import Count
from hemavision.records.results import Box, Prediction, Status
from hemavision.store.cases import open_case, read_case, touch
from hemavision.store.chain import Event, Transaction
from hemavision.store.database import Store
from hemavision.store.records import Case, Cell, Change, Page, State
from hemavision.store.schema import cells, images, log

#: Most changes at once: a case's cells, and more.
MOST_CHANGES = 10_000
#: All of a cell; the log says who added those that were added by hand.
_WHOLE = select(cells, log.c.who.label("added_by")).outerjoin(
    log,
    (log.c.case_id == cells.c.case_id) & (log.c.action == "add") & (log.c.cell_id == cells.c.id),
)


@dataclass(frozen=True)
class Filter:
    """Which cells of a case are wanted; None is any.

    Attributes:
        cell_type: as decided, or as suggested where nobody has decided yet.
        status: what the model said of its own answer.
        decided: whether a person has decided.
        image_id: of this image.
    """

    cell_type: str | None = None
    status: Status | None = None
    decided: bool | None = None
    image_id: int | None = None


@dataclass(frozen=True)
class Decided:
    """What came of a change.

    Attributes:
        batch: its number in the log; undoing names it. None where nothing had to change.
        case: after it.
        cells: those that were named, after it.
        doubtful: those of them that were left as they are, because the model doubts its own word.
    """

    batch: int | None
    case: Case
    cells: list[Cell]
    doubtful: tuple[int, ...] = ()


def list_cells(store: Store, case_id: int, wanted: Filter, page: Page) -> tuple[list[Cell], int]:
    """Return a page of a case's cells, most doubtful first, and how many match in all."""
    where = _where(case_id, wanted)
    doubt = case((cells.c.status == Status.UNFAMILIAR, 0), else_=1)
    order = (doubt, cells.c.confidence, cells.c.id)
    with store.reading() as connection:
        total = connection.execute(select(func.count()).select_from(cells).where(*where)).scalar()
        found = _WHOLE.where(*where).order_by(*order)
        rows = connection.execute(found.limit(page.limit).offset(page.offset)).all()
    return [_as_cell(row) for row in rows], int(total or 0)


def count_types(store: Store, case_id: int) -> dict[str, tuple[int, int]]:
    """Return type → cells of a case decided to be it, undecided ones suggested to be it.

    Undecided cells that are unfamiliar stand under ``"unfamiliar"``, whatever was suggested.
    """
    undecided = cells.c.decided_type.is_(None)
    shown = case(
        (~undecided, cells.c.decided_type),
        (cells.c.status == Status.UNFAMILIAR, Status.UNFAMILIAR.value),
        else_=cells.c.suggested_type,
    )
    found = select(shown, undecided, func.count()).where(cells.c.case_id == case_id)
    counts: dict[str, tuple[int, int]] = {}
    with store.reading() as connection:
        for name, is_open, count in connection.execute(found.group_by(shown, undecided)):
            decided, suggested = counts.get(name, (0, 0))
            more = (0, count) if is_open else (count, 0)
            counts[name] = (decided + more[0], suggested + more[1])
    return dict(sorted(counts.items()))


def count_suggestions(store: Store, case_id: int) -> dict[tuple[str, str], int]:
    """Return (SHA-256 of the model, type) → cells of a case that it called so.

    Whatever was decided since; cells that were unfamiliar to the model are left out.
    """
    kinds = (cells.c.model_sha256, cells.c.suggested_type)
    mine = (cells.c.case_id == case_id, cells.c.status != Status.UNFAMILIAR)
    found = select(*kinds, func.count()).where(*mine).group_by(*kinds).order_by(*kinds)
    with store.reading() as connection:
        return {(sha256, name): n for sha256, name, n in connection.execute(found)}


def find_cell(store: Store, case_id: int, number: int) -> Cell:
    """Return a cell of a case.

    Raises:
        MissingError: the case has none of that number.
    """
    mine = (cells.c.case_id == case_id) & (cells.c.id == number)
    with store.reading() as connection:
        row = connection.execute(_WHOLE.where(mine)).one_or_none()
    if row is None:
        raise MissingError(f"Case {case_id} has no cell {number}.")
    return _as_cell(row)


def find_cells(store: Store, case_id: int, numbers: Sequence[int]) -> list[Cell]:
    """Return cells of a case, in the order in which they are named.

    Raises:
        RefusedError: as for :func:`read_cells`.
    """
    with store.reading() as connection:
        found = read_cells(connection, case_id, numbers)
    return [found[number] for number in numbers]


def decide(
    store: Store,
    case_id: int,
    changes: Sequence[Change],
    who: str,
    *,
    opened: Collection[int] | None = None,
    key: str | None = None,
) -> Decided:
    """Give cells their types, all or none.

    Args:
        store: where the case is.
        case_id: the case.
        changes: the cells and their types.
        who: decides.
        opened: of several cells at once those that the reader looked at large: others
            that the model doubts, *check* and *unfamiliar*, are left out. None lets none out.
        key: of the request; one that comes again is answered as it is now, and changes nothing.

    Raises:
        ConflictError: somebody changed one of them after it was seen.
        MissingError: there is no such case.
        RefusedError: the case is signed, a cell or type is unknown, or a cell is named twice.
    """
    with store.writing(who, key) as turn:
        of = open_case(turn.connection, case_id)
        there = read_cells(turn.connection, case_id, [change.cell_id for change in changes])
        asked = [] if opened is None else [there[c.cell_id] for c in changes]
        doubtful = [
            cell.id for cell in asked if cell.id not in (opened or ()) and _is_doubtful(cell)
        ]
        if turn.repeated is not None:
            named = [there[change.cell_id] for change in changes]
            return Decided(turn.repeated or None, of, named, tuple(doubtful))
        _refuse_foreign_types(of, changes, there)
        _refuse_stale(changes, there)
        wanted = [c for c in changes if c.cell_id not in doubtful]
        new = [c for c in wanted if there[c.cell_id].decided_type != c.cell_type]
        batch, after = write_decisions(
            turn, of, [(there[c.cell_id], c.cell_type) for c in new], "decide", {}
        )
        named = [after.get(c.cell_id, there[c.cell_id]) for c in changes]
        return Decided(batch, read_case(turn.connection, case_id), named, tuple(doubtful))


def _is_doubtful(cell: Cell) -> bool:
    return cell.decided_type is None and cell.suggestion.status is not Status.CONFIDENT


def read_cells(connection: Connection, case_id: int, numbers: Sequence[int]) -> dict[int, Cell]:
    """Return cells of a case by number, as a transaction sees them.

    Raises:
        RefusedError: the case has not all of them, one is named twice, or there are too many.
    """
    if len(set(numbers)) < len(numbers):
        raise RefusedError("named-twice", "A cell is named twice; name each once.")
    if len(numbers) > MOST_CHANGES:
        raise RefusedError("too-many", f"{len(numbers)} cells at once; {MOST_CHANGES} may be.")
    found = _WHOLE.where(cells.c.case_id == case_id, cells.c.id.in_(numbers))
    there = {row.id: _as_cell(row) for row in connection.execute(found)}
    missing = [number for number in numbers if number not in there]
    if missing:
        raise RefusedError("unknown-cell", f"Case {case_id} has no cell {missing[0]}.")
    return there


def _as_cell(row: Row[Any]) -> Cell:
    return Cell(
        id=row.id,
        case_id=row.case_id,
        image_id=row.image_id,
        box=Box(row.left, row.top, row.right, row.bottom),
        suggestion=Prediction.from_json(row.prediction),
        decided_type=row.decided_type,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        revision=row.revision,
        added_by=row.added_by,
    )


def _where(case_id: int, wanted: Filter) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = [cells.c.case_id == case_id]
    if wanted.cell_type is not None:
        shown = func.coalesce(cells.c.decided_type, cells.c.suggested_type)
        where.append(shown == wanted.cell_type)
    if wanted.status is not None:
        where.append(cells.c.status == wanted.status)
    if wanted.decided is not None:
        undecided = cells.c.decided_type.is_(None)
        where.append(~undecided if wanted.decided else undecided)
    if wanted.image_id is not None:
        where.append(cells.c.image_id == wanted.image_id)
    return where


def _refuse_foreign_types(of: Case, changes: Sequence[Change], there: dict[int, Cell]) -> None:
    for change in changes:
        known = of.classes.names(there[change.cell_id].suggestion.probabilities)
        if change.cell_type is not None and change.cell_type not in known:
            raise RefusedError(
                "unknown-type",
                f"{change.cell_type!r} is no cell type here; there are {', '.join(known)}.",
                [change.cell_id],
            )


def _refuse_stale(changes: Sequence[Change], there: dict[int, Cell]) -> None:
    stale = [c.cell_id for c in changes if there[c.cell_id].revision != c.revision]
    if stale:
        raise ConflictError(overtaken(stale), [as_it_is(there[number]) for number in stale])


def overtaken(stale: Sequence[int]) -> str:
    """Return the sentence for cells that somebody else was first with."""
    some = ", ".join(map(str, stale[:10])) + (", …" if len(stale) > 10 else "")
    return f"Decided on by somebody in the meantime: cell {some}. Nothing was changed; look again."


def as_it_is(cell: Cell) -> dict[str, Any]:
    """Return what a conflict says of a cell."""
    return {"id": cell.id} | cell.decision()


def write_decisions(
    turn: Transaction,
    of: Case,
    decisions: Sequence[tuple[Cell, str | None]],
    action: str,
    detail: dict[str, Any],
) -> tuple[int | None, dict[int, Cell]]:
    """Write decisions and their log.

    Returns:
        The batch, None where there is nothing to write, and the cells after it, by number.
    """
    if not decisions:
        return None, {}
    revision = touch(turn, of, State.IN_REVIEW)
    sources = _sources(turn.connection, {cell.image_id for cell, _ in decisions})
    events, after = [], {}
    for cell, kind in decisions:
        decided = after[cell.id] = replace(
            cell,
            decided_type=kind,
            decided_by=turn.who,
            decided_at=turn.at,
            revision=cell.revision + 1,
        )
        mine = cells.c.id == cell.id
        turn.connection.execute(update(cells).where(mine).values(**decided.decision()))
        events.append(
            Event(
                action,
                of.id,
                revision,
                cell.id,
                before=cell.decided_type,
                after=kind,
                image_sha256=sources[cell.image_id],
                model_sha256=cell.suggestion.model.sha256,
                detail=detail | {"suggested": cell.suggestion.cell_type},
            )
        )
    return turn.record(events), after


def _sources(connection: Connection, numbers: Collection[int]) -> dict[int, str]:
    found = select(images.c.id, images.c.sha256).where(images.c.id.in_(numbers))
    return {row[0]: row[1] for row in connection.execute(found)}


@dataclass(frozen=True)
class Tally:
    """A case's cells, counted.

    Attributes:
        decided: type → cells that a person called so.
        suggested: type → undecided cells that the model called so; no unfamiliar ones.
        unfamiliar: undecided cells unlike any that the model knows.
    """

    decided: dict[str, int]
    suggested: dict[str, int]
    unfamiliar: Count

    @property
    def undecided(self) -> int:
        """Cells that nobody has decided on."""
        return sum(self.suggested.values()) + self.unfamiliar

    def rest(self, classes: ClassList, target: int) -> dict[str, int]:
        """Return what a signature leaves uncounted: type → cells, by the model's word alone.

        Empty before the white cells that readers decided on reach ``target``. What is unfamiliar
        to the model stands there as unidentified.
        """
        white = sum(n for name, n in self.decided.items() if classes.counts(name))
        if white < target or not self.undecided:
            return {}
        strange = {UNIDENTIFIED: self.unfamiliar} if self.unfamiliar else {}
        return dict(Counter(self.suggested) + Counter(strange))

    @property
    def is_provisional(self) -> bool:
        """Whether a count with the suggestions rests on what nobody has looked at."""
        return bool(self.suggested)

    def counts(self, looked_for: Iterable[str], *, with_suggestions: bool) -> dict[str, int]:
        """Return type → cells as :func:`hemavision.differential.find_differential` takes them.

        Args:
            looked_for: types that were looked for, in order: 0 where none was found.
            with_suggestions: count the model's word for cells that nobody has decided on; what
                is unfamiliar to it is never counted.
        """
        counts = Counter(self.decided) + Counter(self.suggested if with_suggestions else {})
        ordered = dict.fromkeys([*looked_for, *sorted(counts)])
        left = self.unfamiliar if with_suggestions else self.undecided
        return {name: counts[name] for name in ordered} | {"undecided": left}


def tally(store: Store, case_id: int) -> Tally:
    """Return a case's cells, counted by what they are called."""
    counts = count_types(store, case_id)
    _, unfamiliar = counts.pop(Status.UNFAMILIAR, (0, 0))
    decided = {name: done for name, (done, _) in counts.items() if done}
    suggested = {name: left for name, (_, left) in counts.items() if left}
    return Tally(decided, suggested, unfamiliar)
