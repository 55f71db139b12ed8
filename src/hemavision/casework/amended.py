"""A case as it was signed, and what a later version changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from hemavision.errors import MissingError
from hemavision.records.reference import display_name
from hemavision.store.records import Case, Entries, State, Version

#: Most cells of one change that are named by number.
_NAMED = 10


def as_of(
    case: Case, versions: Sequence[Version], wanted: int | None
) -> tuple[Case, Sequence[Version]]:
    """Return a case as one of its versions was signed, and the versions up to that one.

    Args:
        case: as it is.
        versions: all of its versions, the first one first.
        wanted: which; None, or the one that is open, is the case as it is.

    Raises:
        MissingError: the case has no such version.
    """
    if wanted is None or wanted == case.version:
        return case, versions
    found = [version for version in versions if version.version == wanted]
    if not found:
        raise MissingError(f"There is no version {wanted} of case {case.id}.")
    (signed,) = found
    entries = Entries(**signed.entries) if signed.entries is not None else case.entries
    then = replace(case, state=State.SIGNED, version=wanted, entries=entries)
    return then, versions[: versions.index(signed) + 1]


def changes_since(versions: Sequence[Version]) -> str:
    """Return in a sentence what the last version changed of the one signed before it, or ""."""
    *earlier, last = versions
    before = [version for version in earlier if version.signed_at]
    if not before or last.decisions is None:
        return ""
    then, parts = before[-1], []
    moved: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for cell, kind in last.decisions.items():
        was = (then.decisions or {}).get(cell, "")
        if was != kind:
            moved[was, kind].append(cell)
    for (was, kind), cells in sorted(moved.items()):
        named = ", ".join(cells[:_NAMED]) + (", …" if len(cells) > _NAMED else "")
        some = f"{len(cells)} {'cell' if len(cells) == 1 else 'cells'}"
        what = f"from {_words(was)} to {_words(kind)}" if was else f"added as {_words(kind)}"
        parts.append(f"{some} {what} ({named})")
    now, once = last.entries or {}, then.entries or {}
    entered = [n for n in now if n != "revision" and now[n] != once.get(n)]
    parts += [f"entered anew: {', '.join(n.replace('_', ' ') for n in entered)}"] * bool(entered)
    return f"Changed since version {then.version}: {'; '.join(parts) or 'nothing'}."


def _words(kind: str) -> str:
    return display_name(kind).lower()
