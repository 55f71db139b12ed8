"""Taking an image set's files out of an archive that nobody vouches for."""

from __future__ import annotations

import re
from pathlib import Path

from hemavision.datasets.image_set import Rule
from hemavision.errors import ArchiveError, DataError
from hemavision.images import archives
from hemavision.images.archives import Archive, Entry

#: How many damaged files an error names.
_NAMED = 5


def unpack(archive: Path, folder: Path, rules: tuple[Rule, ...]) -> int:
    """Unpack what the rules take; return the number of files.

    Every entry is looked at before the first is written: a path that leads out of the
    folder, a link or a device makes the whole archive refused. A damaged entry is left out, and
    told when the rest is unpacked.

    Raises:
        DataError: not a ZIP or tar archive, damaged, unsafe, too large, or without
            anything that the rules take.
    """
    try:
        opened = archives.open_zip_or_tar(archive)
    except ArchiveError as error:
        raise DataError(f"{archive} is damaged: {error} Remove it and download again.") from error
    if opened is None:
        raise DataError(
            f"{archive} is neither a ZIP nor a tar archive. Its host may have answered with a page "
            "(a login, an error): download the archive in a browser and give it with --from."
        )
    with opened:
        taken = _choose(opened, archive, rules)
        _check_sound(archive, taken, _write(opened, folder, taken))
    return len(taken)


def _choose(opened: Archive, archive: Path, rules: tuple[Rule, ...]) -> dict[str, Entry]:
    """Return what the rules take, by the path that it goes to."""
    taken: dict[str, Entry] = {}
    for entry in opened.entries:
        if entry.danger:
            raise DataError(f"{archive} is not safe: {entry.name!r}: {entry.danger}. Refused.")
        target = _target(entry, rules)
        if target:
            taken[target] = entry
    if sum(entry.size for entry in taken.values()) > archives.MOST_BYTES:
        raise DataError(
            f"{archive} unpacks to over {archives.MOST_BYTES / 2**30:.0f} GiB; refused."
        )
    if not taken:
        raise DataError(f"{archive} holds nothing of this set; is it the right archive?")
    return taken


def _target(entry: Entry, rules: tuple[Rule, ...]) -> str | None:
    if entry.is_file:
        for rule in rules:
            match = re.fullmatch(rule.pattern, entry.name)
            if match:
                return match.expand(rule.target)
    return None


def _write(opened: Archive, folder: Path, taken: dict[str, Entry]) -> list[str]:
    """Write the files; return a line about each that is damaged."""
    damaged: list[str] = []
    for target, entry in taken.items():
        try:
            opened.copy(entry, folder / target)
        except ArchiveError as error:
            damaged.append(f"{entry.name}: {error}")
    return damaged


def _check_sound(archive: Path, taken: dict[str, Entry], damaged: list[str]) -> None:
    if damaged:
        more = [f"and {len(damaged) - _NAMED:,} more."] if len(damaged) > _NAMED else []
        named = " ".join(damaged[:_NAMED] + more)
        raise DataError(
            f"{archive} is damaged, {len(damaged):,} of {len(taken):,} files in it: {named} "
            "Remove it and download again."
        )
