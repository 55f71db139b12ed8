"""PDF, read back with pypdf."""

from __future__ import annotations

import io
from dataclasses import replace

import pypdf
import pytest

from hemavision.errors import ImageError
from hemavision.records.results import NOTICE
from hemavision.report import Report, ReportInput, ReportStatus, lettering
from hemavision.report.as_pdf import write_pdf
from hemavision.report.lettering import Face, Lettering, find_face


def read(given: ReportInput) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(write_pdf(Report.of(given))))


def text_of(given: ReportInput) -> str:
    return "\n".join(page.extract_text() for page in read(given).pages)


@pytest.fixture(scope="module")
def usual(usual_case: ReportInput) -> pypdf.PdfReader:
    """The usual case, written once."""
    return read(usual_case)


@pytest.fixture
def no_fonts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without any font that may be embedded."""
    monkeypatch.setattr(lettering.find_face, "__defaults__", ((),))


def test_a_usual_case_is_one_page_with_all_it_has_to_say(usual: pypdf.PdfReader) -> None:
    pages = usual.pages
    assert len(pages) == 1
    text = " ".join(pages[0].extract_text().split())
    for words in (
        NOTICE, "Case 2026-1187", "Signed", "S-0042/b", "A. Müller", "200 white cells",
        "Lymphocyte", "15.0", "10.4 – 20.7", "possibly low", "20 – 40", "60.0 *", "Cohen's",
        "Estimate, no count", "model: the same", "against (rather monocyte): frosted cytoplasm",
        "cannot see blasts, parasites", "unseen-cells", "Left shift.", "corrected from 9.40",
    ):  # fmt: skip
        assert words in text, words
    # One picture and one heatmap of each of four types; the file holds equal ones once.
    assert len(pages[0].images) == 8


@pytest.mark.usefixtures("no_fonts")
def test_a_machine_without_fonts_gives_one_page_too(usual_case: ReportInput) -> None:
    pages = read(usual_case).pages
    assert len(pages) == 1
    text = pages[0].extract_text()
    assert "A. Müller" in text
    assert "10^9/L" in text
    assert "109/L" not in text
    assert "Cohen's kappa" in text


def test_what_the_file_says_of_itself(usual: pypdf.PdfReader) -> None:
    metadata = usual.metadata
    assert metadata is not None
    assert metadata.title == "Case 2026-1187 - differential"
    assert metadata.subject == NOTICE
    assert metadata.creation_date is not None
    assert metadata.creation_date.isoformat() == "2026-11-25T14:10:00+00:00"


def test_more_cells_take_more_pages_and_each_has_the_notice(usual_case: ReportInput) -> None:
    given = replace(usual_case, cells=usual_case.cells * 6)
    pages = read(given).pages
    assert len(pages) > 1
    for page in pages:
        assert NOTICE in page.extract_text()
    assert sum(page.extract_text().count("model: ") for page in pages) == 48


def test_a_preliminary_report_says_that_nobody_signed_it(usual_case: ReportInput) -> None:
    given = replace(usual_case, status=ReportStatus.PRELIMINARY, signed_at="")
    assert "Preliminary, not signed" in text_of(given)
    given = replace(
        usual_case, status=ReportStatus.AMENDED, version=2, amendment_reason="A miscount"
    )
    text = text_of(given)
    assert "Amended: A miscount" in text
    assert "version 2" in text


@pytest.mark.usefixtures("no_fonts")
def test_letters_that_no_font_has_are_named(usual_case: ReportInput) -> None:
    text = text_of(replace(usual_case, case_name="Łukasz Dvořák, Ωμ 血液"))
    assert "Lukasz Dvorák, ?µ ??" in text
    assert "U+03A9 U+6DB2 U+8840" in text
    assert "The HTML report has them" in text


@pytest.mark.parametrize("name", ["a\u202eb", "emoji 🩸", "tab\there", "\x00\x1b[31m", "x" * 3000])
def test_no_name_breaks_the_file(usual_case: ReportInput, name: str) -> None:
    assert NOTICE in text_of(replace(usual_case, case_name=name, cells=()))


def test_a_font_of_the_machine_is_embedded_where_there_is_one(usual_case: ReportInput) -> None:
    if find_face("a") is None:
        pytest.skip("missing: a font of the machine (apt-get install fonts-dejavu-core)")
    given = replace(usual_case, case_name="Łukasz Dvořák, Ωμ")
    pages = read(given).pages
    assert "Łukasz Dvořák, Ωμ" in pages[0].extract_text()
    fonts = pages[0]["/Resources"]["/Font"].values()
    assert all("/DescendantFonts" in font.get_object() for font in fonts)


def test_the_face_with_most_of_the_letters_is_taken(tmp_path) -> None:
    missing = Face(*(str(tmp_path / "none.ttf"),) * 3)
    assert find_face("abc", [missing]) is None
    there = [face for face in lettering.FACES if face.is_there]
    assert find_face("abc", [missing, *there]) == (there[0] if there else None)


def test_letters_fit_as_near_as_they_can() -> None:
    core = Lettering()
    assert core.fit("Dvořák × 10⁹/L – “µ” ™ €") == "Dvorák × 10^9/L – “µ” ™ €"
    assert core.fit("e\u0301") == "é"
    assert core.missing == set()
    assert core.fit("中") == "?"
    assert core.missing == {"中"}


def test_a_picture_that_is_none_is_named(usual_case: ReportInput) -> None:
    broken = replace(usual_case.cells[0], picture=b"not a picture")
    with pytest.raises(ImageError, match="text"):
        write_pdf(Report.of(replace(usual_case, cells=(broken,))))
