"""Names in a ZIP archive as whoever packed it saw them.

The format knows UTF-8 with a mark, and the code page of DOS. What packs in Japan and China writes
its own code pages without any mark, and others UTF-8 without the mark; all names of an archive are
looked at together to tell which.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence

#: What Python and the format take for granted.
_DOS = "cp437"
_UTF8_MARK = 0x800
#: Info-ZIP's field with the name in UTF-8: version, CRC-32 of the name it stands for, the name.
_UNICODE_PATH = 0x7075
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")


def names_of(entries: Sequence[zipfile.ZipInfo]) -> list[str]:
    """Return the entries' names, decoded."""
    names = [entry.filename for entry in entries]
    unmarked: dict[int, bytes] = {}
    for number, entry in enumerate(entries):
        if entry.flag_bits & _UTF8_MARK or entry.filename.isascii():
            continue
        raw = entry.orig_filename.encode(_DOS)
        told = _told(entry, raw)
        if told is None:
            unmarked[number] = raw.split(b"\x00")[0]
        else:
            names[number] = told
    code_page = _code_page(list(unmarked.values()))
    for number, raw in unmarked.items():
        names[number] = raw.decode(code_page)
    return names


def _told(entry: zipfile.ZipInfo, raw: bytes) -> str | None:
    """Return the name that an extra field gives in UTF-8, if it stands for this very name."""
    extra = entry.extra
    while len(extra) >= 4:
        kind, size = struct.unpack_from("<HH", extra)
        field, extra = extra[4 : 4 + size], extra[4 + size :]
        # Version 1, and the checksum of the name that it stands for: it is not another one's.
        if kind == _UNICODE_PATH and field[:5] == struct.pack("<BI", 1, zlib.crc32(raw)):
            return field[5:].decode("utf-8", "replace")
    return None


def _code_page(names: list[bytes]) -> str:
    """Return what all names are written in: the DOS code page unless another one is evident."""
    together = b"\n".join(names)
    try:
        together.decode("utf-8")
        return "utf-8"
    except UnicodeDecodeError:
        pass
    for code_page, is_usual in (("cp932", _is_japanese), ("gb18030", _is_chinese)):
        try:
            text = together.decode(code_page)
        except UnicodeDecodeError:
            continue
        if _is_evident(text, is_usual):
            return code_page
    return _DOS


def _is_evident(text: str, is_usual: Callable[[str], bool]) -> bool:
    """Whether what is not ASCII are usual characters, and not one or two accents in other words.

    A lone character with a letter beside it is how ``Größe`` looks in a code page of the East.
    """
    runs = list(_NOT_ASCII.finditer(text))
    if not all(is_usual(character) for run in runs for character in run[0]):
        return False
    return any(
        len(run[0]) > 1 or not (text[: run.start()][-1:] + text[run.end() :][:1]).isalpha()
        for run in runs
    )


def _is_japanese(character: str) -> bool:
    """Kana, full-width signs and the characters of JIS; half-width kana is what GBK looks like."""
    if "\uff61" <= character <= "\uff9f":
        return False
    lead = character.encode("cp932")[0]
    return "\u3040" <= character <= "\u30ff" or lead in (0x81, 0x82) or 0x87 <= lead <= 0xEA


def _is_chinese(character: str) -> bool:
    """The characters and signs of GB 2312, which is what is in use."""
    try:
        lead = character.encode("gb2312")[0]
    except UnicodeEncodeError:
        return False
    return 0xA1 <= lead <= 0xA3 or 0xB0 <= lead <= 0xF7
