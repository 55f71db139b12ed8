"""The formats by name, and what they have in common."""

from __future__ import annotations

import io
from dataclasses import replace

import pypdf
import pytest
from PIL import Image

from hemavision.errors import SettingsError
from hemavision.records.results import NOTICE
from hemavision.report import FORMATS, ReportCell, ReportInput, write_report
from hemavision.report.as_html import time_words
from hemavision.report.pictures import SIDE_PX, small_jpeg


@pytest.mark.parametrize("name", list(FORMATS))
def test_every_format_carries_the_notice(usual_case: ReportInput, name: str) -> None:
    document = write_report(usual_case, name)
    assert document.name.startswith("Case-2026-1187-v1.")
    assert document.media_type
    if name == "pdf":
        pages = pypdf.PdfReader(io.BytesIO(document.content)).pages
        assert all(NOTICE in page.extract_text() for page in pages)
    else:
        assert NOTICE in document.content.decode("utf-8")


@pytest.mark.parametrize("name", list(FORMATS))
def test_every_format_takes_an_empty_case(name: str) -> None:
    given = ReportInput("9", "", {}, "yesterday")
    assert write_report(given, name).content


@pytest.mark.parametrize("name", list(FORMATS))
def test_every_format_takes_a_cell_without_a_model(usual_case: ReportInput, name: str) -> None:
    bare = ReportCell("#1", "blast", usual_case.cells[0].picture)
    given = replace(usual_case, cells=(bare,), models=(), counts={"blast": 3, "unidentified": 1})
    content = write_report(replace(given, model_calls=None), name).content
    if name in ("html", "csv", "json"):
        assert b"last" in content


@pytest.mark.parametrize("name", list(FORMATS))
def test_every_format_takes_hostile_words(usual_case: ReportInput, name: str) -> None:
    words = "<script>alert(1)</script> =1+1 \x00 ${x} {{ 7 * 7 }} \u202e"
    given = replace(usual_case, case_name=words, slide=words, comment=words, agreement_of=words)
    content = write_report(given, name).content
    if name == "html":
        assert b"<script" not in content
        assert b"49" not in content.split(b"<h1>")[1].split(b"</h1>")[0]


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ("../../etc/passwd", "etc-passwd-v1.csv"),
        ("血液", "17-v1.csv"),
        ("a" * 200, "a" * 60 + "-v1.csv"),
        ('x"\r\ny', "x-y-v1.csv"),
    ],
)
def test_a_file_s_name_is_safe(usual_case: ReportInput, case: str, expected: str) -> None:
    assert write_report(replace(usual_case, case_name=case), "csv").name == expected


def test_a_format_that_is_none_is_named(usual_case: ReportInput) -> None:
    with pytest.raises(SettingsError, match="docx"):
        write_report(usual_case, "docx")


def test_a_picture_is_made_small_and_loses_what_else_it_carried() -> None:
    stream = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "patient name"
    Image.new("RGB", (900, 600), (200, 120, 160)).save(stream, "JPEG", exif=exif)
    small = small_jpeg(stream.getvalue())
    assert b"patient" not in small
    with Image.open(io.BytesIO(small)) as picture:
        assert picture.format == "JPEG"
        assert max(picture.size) == SIDE_PX
        assert picture.size == (240, 160)


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ("2026-11-25T14:03:11+00:00", "2026-11-25 14:03 UTC"),
        ("2026-11-25T14:03:11.123456Z", "2026-11-25 14:03 UTC"),
        ("2026-11-25T14:03:11.5+02:00", "2026-11-25 14:03 +02:00"),
        ("2026-11-25T14:03:11-09:30", "2026-11-25 14:03 -09:30"),
        ("2026-11-25T14:03+01:00", "2026-11-25 14:03 +01:00"),
        ("2026-11-25T14:03Z", "2026-11-25 14:03 UTC"),
        ("2026-11-25T14:03:11", "2026-11-25 14:03"),
        ("2026-11-25T14:03", "2026-11-25 14:03"),
        ("2026-11-25", "2026-11-25"),
        ("", ""),
    ],
)
def test_times_for_people(at: str, words: str) -> None:
    assert time_words(at) == words
