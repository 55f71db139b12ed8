"""Names in ZIP archives that say nothing of their code page."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

import pytest
from fixtures_archives import with_raw_names

from hemavision.images.archives import open_zip

NAMES = {
    "cp932": ["標本１/好中球.png", "標本１/リンパ球.png", "血.png", "ソ連表示①.png"],
    "gb18030": ["血涂片/中性粒细胞.png", "淋巴细胞 2.png", "血.png"],
    "utf-8": ["Größe/好中球.png", "лимфоцит.png"],
    "cp437": ["Größe.png", "Müller/Ärzte 1.png", "Röntgen.png", "café.png", "å.png"],
}


def names_in(archive: bytes) -> list[str]:
    with open_zip(archive) as opened:
        return [entry.name for entry in opened.entries]


@pytest.mark.parametrize("code_page", NAMES)
def test_a_code_page_is_told_by_all_names_together(code_page: str) -> None:
    names = NAMES[code_page]
    archive = with_raw_names({name.encode(code_page): b"x" for name in [*names, "plain.png"]})
    assert names_in(archive) == [*names, "plain.png"]
    with open_zip(archive) as opened:
        assert [opened.read(entry) for entry in opened.entries] == [b"x"] * (len(names) + 1)


@pytest.mark.parametrize("code_page", ["cp932", "gb18030"])
def test_one_name_is_enough(code_page: str) -> None:
    for name in NAMES[code_page]:
        if name not in ("血.png", "ソ連表示①.png"):
            assert names_in(with_raw_names({name.encode(code_page): b""})) == [name]


def test_a_marked_name_and_a_told_one_are_taken_as_they_are() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("血涂片/好中球.png", b"x")
    assert names_in(buffer.getvalue()) == ["血涂片/好中球.png"]
    raw, told = "кровь.png".encode("cp866"), "кровь.png".encode()
    for checksum, expected in ((zlib.crc32(raw), "кровь.png"), (0, raw.decode("cp437"))):
        field = struct.pack("<BI", 1, checksum) + told
        extra = struct.pack("<HH", 0x7075, len(field)) + field
        assert names_in(with_raw_names({raw: b""}, {raw: extra})) == [expected]


def test_a_decoded_name_may_not_lead_out_either() -> None:
    archive = with_raw_names({"../標本.png".encode("cp932"): b"x"})
    with open_zip(archive) as opened:
        assert opened.entries[0].danger == "its name leads out of the archive"
