"""Files that are no image HemaVision reads: what they are, in words, by content or by name."""

from __future__ import annotations

import struct
from pathlib import PurePosixPath

_SIGNATURES = (
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x00\x00\x00\x0cjP", "a JPEG 2000 image"),
    (b"\xff\x4f\xff\x51", "a JPEG 2000 image"),
    (b"\xff\x0a", "a JPEG XL image"),
    (b"\x00\x00\x00\x0cJXL ", "a JPEG XL image"),
    (b"ZISRAWFILE", "a CZI file of Zeiss's"),
    (b"\xda\xce\xbe\x0a", "an ND2 file of Nikon's"),
    (b"\x70\x00\x00\x00", "a LIF file of Leica's"),
    (b"8BPS", "a Photoshop document"),
    (b"<svg", "an SVG drawing"),
    (b"<?xml", "XML text"),
)
#: Whole slides, by their names' ends.
SLIDE_SUFFIXES = (".svs", ".ndpi", ".scn", ".bif", ".mrxs", ".svslide", ".vms", ".vmu")
#: Pictures of microscopes, scanners, cameras and telephones that are not read, by their names'
#: ends: in a folder or an archive they are told, where a text or a table is none of our business.
_KINDS = {
    "HEIC": (".heic", ".heif", ".hif"), "AVIF": (".avif",), "JPEG XL": (".jxl",),
    "JPEG 2000": (".jp2", ".j2k", ".jpx"), "CZI": (".czi",), "ND2": (".nd2",), "LIF": (".lif",),
    "Olympus": (".oib", ".oif", ".vsi"), "Photoshop": (".psd",),
    "whole-slide": SLIDE_SUFFIXES,
    "camera raw": (".dng", ".nef", ".nrw", ".cr2", ".cr3", ".arw", ".raf", ".orf", ".rw2", ".pef"),
}  # fmt: skip
_KIND_OF = {suffix: kind for kind, suffixes in _KINDS.items() for suffix in suffixes}
#: TIFF's tags: what a page is to the others, its colours, its pages within, DNG's version.
_SUBFILE, _PHOTOMETRIC, _WITHIN, _DNG = 254, 262, 330, 50706
#: The photometric interpretations of a sensor's samples: a colour filter array, linear raw.
_SENSOR = (32803, 34892)


def kind_of(name: str) -> str | None:
    """Return the kind of picture that a file's name promises, where it is one that is not read."""
    return _KIND_OF.get(PurePosixPath(name).suffix.lower())


def why_not_read(kind: str) -> str:
    """Say that a kind of picture is not read, and what to do."""
    said = f"{kind} files are not read. Export the field of view as TIFF, PNG or JPEG."
    whole = " `hemavision detect --job` reads whole slides." if kind == "whole-slide" else ""
    return said + whole


def describe(content: bytes) -> str:
    """Say in words what was received instead of an image."""
    size = f"{len(content):,} bytes"
    if not content:
        return "The file is empty (0 bytes)."
    for signature, kind in _SIGNATURES:
        if content.startswith(signature):
            return f"This is {kind} ({size}), not an image that can be read."
    if content[4:8] == b"ftyp":
        return f"This is a HEIC or AVIF image or a video ({size})."
    start = content[:64]
    if all(byte in b"\t\n\r" or byte >= 32 for byte in start) and _is_utf8(start):
        return f"This is text ({size}), not an image."
    return f"This is not an image that can be read ({size}, beginning {content[:8].hex(' ')})."


def is_camera_raw(content: bytes) -> bool:
    """Whether a TIFF is a camera's raw file (DNG, NEF, CR2, ARW, …): its first page is a thumbnail.

    The samples that count lie in pages within that page, which calls itself a smaller version of
    another one.
    """
    if content[8:11] == b"CR\x02":
        return True
    tags = _first_page(content)
    is_reduced = tags.get(_SUBFILE, 0) & 1 and _WITHIN in tags
    return bool(_DNG in tags or tags.get(_PHOTOMETRIC) in _SENSOR or is_reduced)


def _first_page(content: bytes) -> dict[int, int]:
    """Return the first page's tags with their values, where these are single numbers."""
    order = "<" if content[:2] == b"II" else ">"
    if struct.unpack_from(f"{order}H", content, 2)[0] != 42:
        return {}  # BigTIFF: no camera writes it
    tags: dict[int, int] = {}
    try:
        (start,) = struct.unpack_from(f"{order}I", content, 4)
        (count,) = struct.unpack_from(f"{order}H", content, start)
        for number in range(count):
            entry = start + 2 + 12 * number
            tag, form = struct.unpack_from(f"{order}HH", content, entry)
            short = form == 3
            (tags[tag],) = struct.unpack_from(f"{order}{'H' if short else 'I'}", content, entry + 8)
    except struct.error:
        return {}  # a damaged file, of which its reader says more
    return tags


def _is_utf8(start: bytes) -> bool:
    text = start.decode("utf-8", errors="ignore")
    return len(text.encode()) >= len(start) - 3  # a character may be cut at the end
