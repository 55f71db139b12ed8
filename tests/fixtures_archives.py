"""ZIP archives with entries that cannot be read, each in its own way."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable, Mapping

_Spoil = Callable[[bytearray, zipfile.ZipInfo, int], None]
#: Where a field stands after the signature: in an entry's own header, in the table of contents.
_FLAGS, _METHOD, _PACKED, _SIZE = (6, 8), (8, 10), (18, 20), (22, 24)


def _set(content: bytearray, info: zipfile.ZipInfo, table: int, field: tuple[int, int], value: int,
         form: str = "<H") -> None:  # fmt: skip
    for start, offset in ((info.header_offset, field[0]), (table, field[1])):
        struct.pack_into(form, content, start + offset, value)


def _begin(content: bytearray, info: zipfile.ZipInfo) -> int:
    name, extra = struct.unpack_from("<HH", content, info.header_offset + 26)
    return info.header_offset + 30 + int(name) + int(extra)


def _garble(content: bytearray, info: zipfile.ZipInfo, _: int) -> None:
    begin = _begin(content, info)
    end = begin + info.compress_size
    # LZMA's packed data begin with nine bytes about themselves.
    start = begin + 9 if info.compress_type == zipfile.ZIP_LZMA else begin
    content[start:end] = b"\xff" * (end - start)


def _flip(content: bytearray, info: zipfile.ZipInfo, _: int) -> None:
    content[_begin(content, info) + 1] ^= 0xFF


def _encrypt(content: bytearray, info: zipfile.ZipInfo, table: int) -> None:
    _set(content, info, table, _FLAGS, 1)


def _unknown(content: bytearray, info: zipfile.ZipInfo, table: int) -> None:
    _set(content, info, table, _METHOD, 97)


def _cut(content: bytearray, info: zipfile.ZipInfo, table: int) -> None:
    """Let an entry's data go on beyond the file's end: blocks of deflate, none the last."""
    _set(content, info, table, _PACKED, 2 * len(content), "<I")
    _set(content, info, table, _SIZE, 2 * len(content), "<I")
    block, last = _begin(content, info), _begin(content, info) + info.compress_size - 5
    while block < last:
        length = min(50_000, last - block - 5)
        struct.pack_into("<BHH", content, block, 0, length, length ^ 0xFFFF)
        block += 5 + length
    length = len(content) - last - 5
    struct.pack_into("<BHH", content, last, 0, length, length ^ 0xFFFF)


#: Name → how its packed data are spoilt and what is said then.
BAD_ENTRIES: dict[str, tuple[tuple[int, _Spoil], str]] = {
    "checksum.png": ((zipfile.ZIP_STORED, _flip), "Bad CRC-32"),
    "deflate.png": ((zipfile.ZIP_DEFLATED, _garble), "cannot be unpacked (Error -3"),
    "lzma.png": ((zipfile.ZIP_LZMA, _garble), "cannot be unpacked (Corrupt input data"),
    "bzip2.png": ((zipfile.ZIP_BZIP2, _garble), "cannot be unpacked (Invalid data stream"),
    "encrypted.png": ((zipfile.ZIP_DEFLATED, _encrypt), "is encrypted"),
    "method.png": ((zipfile.ZIP_DEFLATED, _unknown), "compression method is not supported"),
    # Later versions of Python see that it overlaps what follows.
    "cut.png": ((zipfile.ZIP_DEFLATED, _cut), "cannot be unpacked ("),
}


def with_bad_entries(entries: Mapping[str, bytes], called: Mapping[str, str] = {}) -> bytes:
    """Return a ZIP archive of the entries, those of :data:`BAD_ENTRIES` spoilt.

    Args:
        entries: name → bytes.
        called: other names for some of the entries, in the archive.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in entries.items():
            method = BAD_ENTRIES[name][0][0] if name in BAD_ENTRIES else zipfile.ZIP_DEFLATED
            archive.writestr(called.get(name, name), content, method)
        infos = dict(zip(entries, archive.infolist(), strict=True))
        table = archive.start_dir
    content = bytearray(buffer.getvalue())
    for name, info in infos.items():
        if name in BAD_ENTRIES:
            BAD_ENTRIES[name][0][1](content, info, table)
        table += 46 + len(info.filename.encode())
    return bytes(content)


def with_raw_names(names: Mapping[bytes, bytes], extra: Mapping[bytes, bytes] = {}) -> bytes:
    """Return a ZIP archive whose names are these very bytes, without a word of their code page.

    Args:
        names: name → bytes of the entry.
        extra: name → its extra field.
    """
    buffer = io.BytesIO()
    places = {name: f"{n:03d}".ljust(len(name), "_").encode() for n, name in enumerate(names)}
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in names.items():
            info = zipfile.ZipInfo(places[name].decode())
            info.extra = extra.get(name, b"")
            archive.writestr(info, content)
    packed = buffer.getvalue()
    for name, place in places.items():
        packed = packed.replace(place, name)
    return packed
