"""Cases: made, listed, signed, opened again."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, insert, select, update

from hemavision.errors import ConflictError, MissingError, RefusedError
from hemavision.records.classes import ClassList, load_classes
from hemavision.store.chain import Event, Transaction
from hemavision.store.database import Store
from hemavision.store.journal import entries_since
from hemavision.store.records import Case, Counts, Entries, Figures, Page, State, Version
from hemavision.store.schema import cases, cells, images, log, reads, signed_heatmaps, versions
from hemavision.store.vocabulary import checked_text

#: Cells that a refusal names; it counts them all.
NAMED_CELLS = 1000
_LONGEST_NAME, _LONGEST_REASON = 200, 2000
_IMAGES = select(func.count()).where(images.c.case_id == cases.c.id).scalar_subquery()
#: All of a case but its cells.
_WHOLE = select(cases, _IMAGES.label("images"))


@dataclass(frozen=True)
class Search:
    """Which cases are wanted: words in name or slide, and a state; None is any."""

    words: str = ""
    state: State | None = None


def create_case(
    store: Store,
    name: str,
    slide: str,
    who: str,
    classes: ClassList | None = None,
    key: str | None = None,
) -> Case:
    """Make an empty case.

    Args:
        store: where it will be.
        name: for people.
        slide: the slide's own number or name; may be empty.
        who: makes it.
        classes: what its cells may be called, for good; the default list if None.
        key: of the request; one that comes again is answered with the case that it made.

    Raises:
        RefusedError: the name is empty or cannot be kept.
    """
    name = checked_text("The name", name, _LONGEST_NAME)
    slide = checked_text("The slide", slide, _LONGEST_NAME, 0)
    with store.writing(who, key) as turn:
        if turn.repeated is not None:
            return read_case(turn.connection, turn.came_of("create", log.c.case_id))
        made = {"created_at": turn.at, "created_by": who, "updated_at": turn.at, "updated_by": who}
        words = f"{name} {slide}".casefold()
        given = {"name": name, "slide": slide, "words": words}
        kept = (classes or load_classes()).to_json()
        values = {"state": State.NEW, "version": 1, "revision": 1, "entries": {}, "classes": kept}
        number = turn.add(cases, **given, **values, **made)
        _open_version(turn, number, 1, "")
        detail = {"name": name, "slide": slide, "classes": kept}
        turn.record([Event("create", number, 1, after=State.NEW, detail=detail)])
        return read_case(turn.connection, number)


def find_case(store: Store, number: int) -> Case:
    """Return a case.

    Raises:
        MissingError: there is none of that number.
    """
    with store.reading() as connection:
        return read_case(connection, number)


def list_cases(store: Store, search: Search, page: Page) -> tuple[list[Case], int]:
    """Return a page of the cases, last changed first, and how many there are in all."""
    with store.reading() as connection:
        wanted = _wanted(search)
        total = connection.execute(select(func.count()).select_from(cases).where(*wanted)).scalar()
        order = (cases.c.updated_at.desc(), cases.c.id.desc())
        found = _WHOLE.where(*wanted).order_by(*order)
        rows = connection.execute(found.limit(page.limit).offset(page.offset)).all()
        return _with_counts(connection, rows), int(total or 0)


def list_versions(store: Store, number: int) -> list[Version]:
    """Return a case's versions, the first one first."""
    with store.reading() as connection:
        columns = [column for column in versions.c if column.name != "case_id"]
        found = select(*columns).where(versions.c.case_id == number).order_by(versions.c.version)
        return [Version(**row._mapping) for row in connection.execute(found)]


def find_version(store: Store, number: int, version: int) -> Version:
    """Return a version of a case.

    Raises:
        MissingError: there is none.
    """
    found = [v for v in list_versions(store, number) if v.version == version]
    if not found:
        raise MissingError(f"There is no version {version} of case {number}.")
    return found[0]


def sign_case(
    store: Store,
    number: int,
    revision: int,
    who: str,
    figures: Figures | None = None,
    key: str | None = None,
) -> Case:
    """Sign a case: from now on it is read-only.

    Args:
        store: where it is.
        number: of the case.
        revision: of the case as the reader saw it.
        who: signs.
        figures: what its report says besides, as of ``revision``: what is signed must not change
            with the server's settings. None keeps nothing, and reports say so.
        key: of the request; one that comes again is answered as it is now, and changes nothing.

    Raises:
        RefusedError: it is signed already, has no cells, or some are undecided that the count
            cannot do without.
        ConflictError: it was changed after ``revision``.
    """
    with store.writing(who, key) as turn:
        if turn.repeated is not None:
            return read_case(turn.connection, number)
        case = open_case(turn.connection, number)
        if case.revision != revision:
            changes = [entry.to_json() for entry in entries_since(turn.connection, case, revision)]
            raise ConflictError(
                f"The case was changed while you looked at it ({len(changes)} entries since). "
                "Look again, then sign.",
                changes,
            )
        _refuse_undecided(turn.connection, case, figures is not None and figures.uncounted)
        after = touch(turn, case, State.SIGNED)
        profile = case.entries.profile or (figures.profile if figures else "")
        entered = write_entries(turn, case, replace(case.entries, profile=profile), after)
        content = _write_signature(turn, case, figures)
        detail = {"version": case.version} | content
        signed = Event("sign", number, after, before=case.state, after=State.SIGNED, detail=detail)
        turn.record([*entered, signed])
        return read_case(turn.connection, number)


def amend_case(store: Store, number: int, reason: str, who: str) -> Case:
    """Open a signed case again, as its next version.

    Raises:
        RefusedError: it is not signed, or no reason is given.
    """
    reason = checked_text("The reason", reason, _LONGEST_REASON)
    with store.writing(who) as turn:
        case = read_case(turn.connection, number)
        if case.state is not State.SIGNED:
            raise RefusedError("not-signed", f"Case {number} is not signed: change it as it is.")
        _open_version(turn, number, case.version + 1, reason)
        after = touch(turn, case, State.IN_REVIEW, version=case.version + 1)
        detail = {"version": case.version + 1, "reason": reason}
        turn.record(
            [Event("amend", number, after, before=case.state, after=State.IN_REVIEW, detail=detail)]
        )
        return read_case(turn.connection, number)


def read_case(connection: Connection, number: int) -> Case:
    """Return a case as a transaction sees it.

    Raises:
        MissingError: there is none of that number.
    """
    row = connection.execute(_WHOLE.where(cases.c.id == number)).one_or_none()
    if row is None:
        raise MissingError(f"There is no case {number}.")
    return _with_counts(connection, [row])[0]


def open_case(connection: Connection, number: int) -> Case:
    """Return a case that may be changed.

    Raises:
        MissingError: there is none of that number.
        RefusedError: it is signed.
    """
    case = read_case(connection, number)
    if case.state is State.SIGNED:
        raise RefusedError(
            "signed", f"Case {number} is signed and read-only. Amend it, with a reason, first."
        )
    return case


def touch(turn: Transaction, case: Case, state: State, version: int | None = None) -> int:
    """Note that a case changes, and its state; return its revision after it."""
    revision = case.revision + 1
    values = {"state": state, "revision": revision, "version": version or case.version}
    turn.connection.execute(
        update(cases)
        .where(cases.c.id == case.id)
        .values(**values, updated_at=turn.at, updated_by=turn.who)
    )
    return revision


def write_entries(turn: Transaction, case: Case, entries: Entries, revision: int) -> list[Event]:
    """Put entries in the place of a case's; return what the log says of it: nothing if alike.

    Args:
        turn: the writer's.
        case: as it was before this turn.
        entries: all of them.
        revision: of the case after this turn.
    """
    if replace(entries, revision=case.entries.revision) == case.entries:
        return []
    values = replace(entries, revision=case.entries.revision + 1).to_json()
    turn.connection.execute(update(cases).where(cases.c.id == case.id).values(entries=values))
    detail = {"entries": values, "before": case.entries.to_json()}
    return [Event("enter", case.id, revision, detail=detail)]


def _wanted(search: Search) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = [
        cases.c.words.contains(word, autoescape=True) for word in search.words.casefold().split()
    ]
    if search.state:
        wanted.append(cases.c.state == search.state)
    return wanted


def _with_counts(connection: Connection, rows: Sequence[Row[Any]]) -> list[Case]:
    counts = _counts(connection, [row.id for row in rows])
    return [
        Case(
            **{name: value for name, value in row._mapping.items() if name != "words"}
            | {
                "state": State(row.state),
                "entries": Entries(**row.entries),
                "classes": ClassList.of(row.classes),
            },
            counts=counts[row.id],
        )
        for row in rows
    ]


def _counts(connection: Connection, numbers: list[int]) -> dict[int, Counts]:
    # By type, too: so they lie in the index, and nothing has to be sorted.
    kinds = (cells.c.case_id, cells.c.decided_type, cells.c.status)
    wanted = cells.c.case_id.in_(numbers)
    found = select(*kinds, func.count()).where(wanted).group_by(*kinds)
    decided = dict.fromkeys(numbers, 0)
    undecided: dict[int, dict[str, int]] = {number: {} for number in numbers}
    for number, kind, status, count in connection.execute(found):
        if kind is None:
            undecided[number][status] = count
        else:
            decided[number] += count
    return {
        number: Counts(decided[number] + sum(left.values()), decided[number], left)
        for number, left in undecided.items()
    }


def _open_version(turn: Transaction, number: int, version: int, reason: str) -> None:
    opened = {"opened_at": turn.at, "opened_by": turn.who, "reason": reason}
    turn.connection.execute(
        insert(versions).values(case_id=number, version=version, **opened, decisions=None)
    )


def _refuse_undecided(connection: Connection, case: Case, uncounted: bool) -> None:
    found = select(cells.c.id, cells.c.decided_type).where(cells.c.case_id == case.id)
    rows = connection.execute(found.order_by(cells.c.id)).all()
    if not rows:
        raise RefusedError("no-cells", f"Case {case.id} has no cells; there is nothing to sign.")
    numbers = [cell for cell, kind in rows if kind is None]
    white = sum(kind is not None and case.classes.counts(kind) for _, kind in rows)
    complete = white >= case.entries.target
    if not numbers or (uncounted and complete):
        return
    left, named = len(numbers), numbers[:NAMED_CELLS]
    some = ", ".join(map(str, numbers[:10])) + (", …" if left > 10 else "")
    if complete:
        raise RefusedError(
            "undecided",
            f"{left} cells of case {case.id} are undecided ({some}). {white} white cells are "
            "counted: sign with these not counted, or decide on each.",
            named,
        )
    raise RefusedError(
        "undecided",
        f"{left} cells of case {case.id} are undecided ({some}). Decide on each, then sign; "
        f"{white} of {case.entries.target} white cells are counted.",
        named,
    )


def _write_signature(turn: Transaction, case: Case, figures: Figures | None) -> dict[str, Any]:
    """Keep what is signed with the case's version; return it, for the log."""
    content: dict[str, Any] = {
        "decisions": _decisions(turn.connection, case.id),
        "entries": read_case(turn.connection, case.id).entries.to_json(),
    }
    mine = {"case_id": case.id, "version": case.version}
    if figures:
        shown = sorted(figures.heatmaps.items())
        digests = {str(cell): hashlib.sha256(png).hexdigest() for cell, png in shown}
        finished = _finished_reads(turn.connection, case.id)
        content["figures"] = {**figures.values, "heatmaps": digests, "reads": finished}
        rows = [mine | {"cell_id": cell, "png": png} for cell, png in shown]
        if rows:
            turn.connection.execute(insert(signed_heatmaps), rows)
    turn.connection.execute(
        update(versions)
        .where(versions.c.case_id == case.id, versions.c.version == case.version)
        .values(signed_at=turn.at, signed_by=turn.who, **content)
    )
    return content


def _finished_reads(connection: Connection, number: int) -> list[int]:
    mine = (reads.c.case_id == number) & reads.c.closed_version.is_not(None)
    return list(connection.execute(select(reads.c.id).where(mine).order_by(reads.c.id)).scalars())


def _decisions(connection: Connection, number: int) -> dict[str, str | None]:
    found = select(cells.c.id, cells.c.decided_type).where(cells.c.case_id == number)
    return {str(cell): kind for cell, kind in connection.execute(found.order_by(cells.c.id))}


LONGEST_NAME, LONGEST_COMMENT = 80, 4000


def enter(store: Store, number: int, entries: Entries, who: str, key: str | None = None) -> Case:
    """Put a case's entries in the place of those that were there.

    Args:
        store: where it is.
        number: of the case.
        entries: all of them; ``revision`` is that of the entries as they were seen.
        who: enters.
        key: of the request; one that comes again is answered as it is now, and changes nothing.

    Raises:
        ConflictError: somebody entered something after that.
        MissingError: there is no such case.
        RefusedError: the case is signed, or a text cannot be kept.
    """
    name = checked_text("The analyser's name", entries.analyser_name, LONGEST_NAME, 0)
    comment = _checked_lines(entries.comment)
    with store.writing(who, key) as turn:
        case = open_case(turn.connection, number)
        if turn.repeated is not None:
            return case
        if entries.revision != case.entries.revision:
            raise ConflictError(
                f"What is entered for case {number} was changed while you looked at it. Look "
                "again, then enter yours.",
                [case.entries.to_json()],
            )
        new = replace(entries, analyser_name=name, comment=comment)
        if new != case.entries:
            turn.record(write_entries(turn, case, new, touch(turn, case, case.state)))
        return read_case(turn.connection, number)


def _checked_lines(comment: str) -> str:
    lines = [checked_text("The comment", line, LONGEST_COMMENT, 0) for line in comment.split("\n")]
    text = "\n".join(lines).strip()
    if len(text) > LONGEST_COMMENT:
        raise RefusedError(
            "bad-text",
            f"The comment has {len(text)} characters; it may have {LONGEST_COMMENT}.",
        )
    return text
