"""What should not be in a case, taken out before it is signed: a wrong image, a cell added by hand.

The rows go, an image's file with them where no other case shows it; the log keeps what they were,
who took them out and why. Their numbers are never given again (:meth:`Transaction.add`): the log
goes on to speak of the old ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from sqlalchemy import Connection, delete, func, insert, select, update

from hemavision.errors import RefusedError, StoreError
from hemavision.store.cases import open_case, read_case, touch
from hemavision.store.cells import read_cells
from hemavision.store.chain import Event, Transaction, seal_suggestions
from hemavision.store.database import Store
from hemavision.store.images import read_image
from hemavision.store.records import Case
from hemavision.store.schema import (
    cells,
    contents,
    cutouts,
    embeddings,
    images,
    log,
    taken_out,
    thumbnails,
)
from hemavision.store.schema import read_cells as reread
from hemavision.store.schema import versions as signed
from hemavision.store.vocabulary import checked_text

_LONGEST_REASON = 2000


def remove_image(store: Store, case_id: int, image_id: int, reason: str, who: str) -> Case:
    """Take an image out of a case, with its cells and what was decided on them.

    Args:
        store: where the case is.
        case_id: the case.
        image_id: the image.
        reason: why; it stands in the log.
        who: takes it out.

    Returns:
        The case after it.

    Raises:
        MissingError: there is no such case or image.
        RefusedError: the case is signed, a version that was signed holds the image, a second
            reading holds one of its cells, or no reason is given.
    """
    reason = checked_text("The reason", reason, _LONGEST_REASON)
    with store.writing(who) as turn:
        case = open_case(turn.connection, case_id)
        image = read_image(turn.connection, case_id, image_id)
        found = select(cells.c.id).where(cells.c.image_id == image_id).order_by(cells.c.id)
        numbers = list(turn.connection.execute(found).scalars())
        _refuse_signed(turn.connection, case, image.added_at)
        _refuse_reread(turn.connection, numbers)
        decided = read_cells(turn.connection, case_id, numbers)
        kinds = {str(number): cell.decided_type for number, cell in decided.items()}
        _delete_cells(turn, numbers)
        turn.connection.execute(delete(images).where(images.c.id == image_id))
        _note(turn, "images", [image_id])
        left = select(images.c.id).where(images.c.sha256 == image.sha256)
        was_last = not turn.connection.execute(left).first()
        if was_last:
            turn.connection.execute(delete(contents).where(contents.c.sha256 == image.sha256))
        detail = {"image": image_id, "name": image.name, "reason": reason, "cells": kinds}
        event = Event(
            "remove",
            case_id,
            touch(turn, case, case.state),
            image_sha256=image.sha256,
            detail=detail,
        )
        turn.record([event])
        after = read_case(turn.connection, case_id)
    if was_last:
        _remove_file(store, image.sha256, who)
    return after


def _remove_file(store: Store, sha256: str, who: str) -> None:
    """Remove a file outside the database that nothing names; one that cannot be is left."""
    if store.bucket is None:
        return
    with store.writing(who) as turn, suppress(StoreError):
        # Somebody may have brought it again: nobody does while this turn lasts.
        named = select(contents.c.sha256).where(contents.c.sha256 == sha256)
        if not turn.connection.execute(named).first():
            store.bucket.remove(sha256)


def remove_cell(store: Store, case_id: int, cell_id: int, who: str) -> Case:
    """Take out a cell that a reader had added by hand.

    Returns:
        The case after it.

    Raises:
        MissingError: there is no such case.
        RefusedError: the case is signed, a version that was signed or a second reading holds the
            cell, the case has no such cell, or it came with its image.
    """
    with store.writing(who) as turn:
        case = open_case(turn.connection, case_id)
        cell = read_cells(turn.connection, case_id, [cell_id])[cell_id]
        if cell.added_by is None:
            raise RefusedError(
                "not-added",
                f"Cell {cell_id} came with its image. Call it what it is, an artefact or "
                "unidentified; only a cell that was added by hand can be taken out.",
                [cell_id],
            )
        added = (log.c.case_id == case_id) & (log.c.action == "add") & (log.c.cell_id == cell_id)
        since = turn.connection.execute(select(log.c.at).where(added)).scalar_one()
        _refuse_signed(turn.connection, case, since)
        _refuse_reread(turn.connection, [cell_id])
        _delete_cells(turn, [cell_id])
        seal = seal_suggestions(turn.connection, cell.image_id)[-1]
        event = Event(
            "remove",
            case_id,
            touch(turn, case, case.state),
            cell_id,
            before=cell.decided_type,
            detail={"image": cell.image_id, "suggestions": seal},
        )
        turn.record([event])
        return read_case(turn.connection, case_id)


def _refuse_signed(connection: Connection, case: Case, since: str) -> None:
    mine = (signed.c.case_id == case.id) & (signed.c.signed_at >= since)
    version = connection.execute(select(func.min(signed.c.version)).where(mine)).scalar()
    if version is not None:
        raise RefusedError(
            "signed-with", f"Version {version} was signed with it: what is signed stays whole."
        )


def _refuse_reread(connection: Connection, numbers: Sequence[int]) -> None:
    found = select(func.min(reread.c.read_id)).where(reread.c.cell_id.in_(numbers))
    number = connection.execute(found).scalar()
    if number is not None:
        raise RefusedError(
            "read-with", f"Second reading {number} is of its cells: a reading stays whole."
        )


def _delete_cells(turn: Transaction, numbers: Sequence[int]) -> None:
    for table in (cutouts, thumbnails, embeddings):
        turn.connection.execute(delete(table).where(table.c.cell_id.in_(numbers)))
    turn.connection.execute(delete(cells).where(cells.c.id.in_(numbers)))
    _note(turn, "cells", numbers)


def _note(turn: Transaction, name: str, numbers: Sequence[int]) -> None:
    """Note which numbers are not to be given again."""
    if not numbers:
        return
    mine = taken_out.c.of_table == name
    known = turn.connection.execute(select(taken_out.c.highest).where(mine)).scalar()
    if known is None:
        values = {"of_table": name, "highest": max(numbers)}
        turn.connection.execute(insert(taken_out).values(**values))
    elif known < max(numbers):
        turn.connection.execute(update(taken_out).where(mine).values(highest=max(numbers)))
