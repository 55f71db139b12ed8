"""What is known of an image set: where it comes from, what belongs in it, what must be said."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """Which members of an archive are taken, and where they go.

    Attributes:
        pattern: regular expression that the member's whole path matches.
        target: path inside the set, with ``\\1`` for the pattern's groups.
    """

    pattern: str
    target: str


@dataclass(frozen=True)
class Source:
    """Where an archive of a set can be downloaded.

    Attributes:
        url: public address.
        file_name: to keep it under in the cache.
        rules: members to take; the rest is left.
        sha256: of the archive, None where its host packs it anew at will or publishes none.
    """

    url: str
    file_name: str
    rules: tuple[Rule, ...]
    sha256: str | None = None


@dataclass(frozen=True)
class Part:
    """Files that belong together.

    Attributes:
        pattern: glob inside the set.
        count: how many files match it.
        digest: SHA-256 over their names and contents; None where copies may differ in
            encoding.
        optional: whether a copy without it is of use.
        size_px: width and height of each of these images; None where they vary.
    """

    pattern: str
    count: int
    digest: str | None = None
    optional: bool = False
    size_px: tuple[int, int] | None = None


@dataclass(frozen=True)
class Table:
    """A CSV file with a line an image, or several.

    Attributes:
        name: file name inside the set.
        path_column: names the image, relative to ``folder``.
        folder: inside the set; empty for the set itself.
        label_column: its label; several types in one image are joined by ``|``.
        labels: that may stand there; empty for any.
        unlisted: images that have no line, such as a field without any white cell.
        also: further columns that name a file each, such as the image's mask.
        repeats: whether an image may have several lines, one a box.
        packed: the file under ``tables`` that it comes from; empty where the archive has it.
    """

    name: str
    path_column: str
    folder: str = ""
    label_column: str = ""
    labels: tuple[str, ...] = ()
    unlisted: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    repeats: bool = False
    packed: str = ""


@dataclass(frozen=True)
class ImageSet:
    """One public image set."""

    name: str
    title: str
    what: str
    licence: str
    citation: str
    homepage: str
    images: int
    megabytes: int
    tables: tuple[Table, ...]
    parts: tuple[Part, ...]
    source: Source
    note: str = ""
