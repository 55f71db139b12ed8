"""What a reader enters beside the cells: kept with the case, logged, signed with it."""

from __future__ import annotations

from dataclasses import replace

from hemavision.errors import ConflictError, RefusedError
from hemavision.store.cases import open_case, read_case, touch, write_entries
from hemavision.store.database import Store
from hemavision.store.records import Case, Entries
from hemavision.store.vocabulary import checked_text

LONGEST_NAME, LONGEST_COMMENT = 80, 4000


def enter(store: Store, number: int, entries: Entries, who: str) -> Case:
    """Put a case's entries in the place of those that were there.

    Args:
        store: where it is.
        number: of the case.
        entries: all of them; ``revision`` is that of the entries as they were seen.
        who: enters.

    Raises:
        ConflictError: somebody entered something after that.
        MissingError: there is no such case.
        RefusedError: the case is signed, or a text cannot be kept.
    """
    name = checked_text("The analyser's name", entries.analyser_name, LONGEST_NAME, 0)
    comment = _checked_lines(entries.comment)
    with store.writing(who) as turn:
        case = open_case(turn.connection, number)
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
