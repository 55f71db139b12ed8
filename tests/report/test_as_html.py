"""The page: everything that the report says, and nothing that a browser would fetch or run."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from html import unescape

import pytest

from hemavision.agreement import compare_readers
from hemavision.records.results import NOTICE
from hemavision.report import ModelFigure, Reading, Report, ReportCell, ReportInput, ReportStatus
from hemavision.report.as_html import (
    CONTENT_POLICY,
    STATUS_WORDS,
    agreement_words,
    begin_sentence,
    shows_signature,
    write_html,
)
from hemavision.report.findings import in_words
from hemavision.report.rows import rows_of

Page = Callable[..., str]


def words_of(page: str) -> str:
    """What a person reads, on one line."""
    body = page.split("</head>")[1]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


@pytest.fixture(scope="module")
def page(usual_case: ReportInput) -> str:
    return write_html(Report.of(usual_case))


@pytest.fixture
def written(usual_case: ReportInput) -> Page:
    """Write the usual case with something changed, without its pictures."""
    return lambda **changes: write_html(
        Report.of(replace(usual_case, **({"cells": usual_case.cells[:1]} | changes)))
    )


def test_the_page_says_all_that_was_found(page: str, usual_case: ReportInput) -> None:
    words = words_of(page)
    report = Report.of(usual_case)
    for sentence in in_words(report):
        assert sentence in words
    for said in (
        "Differential of a blood smear Case 2026-1187 Signed version 1",
        "Slide S-0042/b", "Case 17", "Begun 2026-11-25 13:02 UTC",
        "First reader A. Müller 2026-11-25 13:40 UTC",
        "Second reader, blind K. Osei 2026-11-25 14:00 UTC", "Signed at 2026-11-25 14:09 UTC",
        "200 white cells", "White cell count 8.79 × 10⁹/L, corrected from 9.40",
        "Nucleated red cells for 100 white cells 7.0 (3.8 – 12.0)", "Further cells, not counted 3",
        "Counted apart: Platelet 31", "Left shift.", "Second reader, blind: 198 of 200 cells alike",
        "cannot see blasts, parasites", "Right on 88.0% (74.0 to 97.0%) of 2,487 images",
        "Intervals: 95%, exact (Clopper-Pearson)", "Made 2026-11-25 14:10 UTC by HemaVision",
    ):  # fmt: skip
        assert said in words, said
    assert words.count(NOTICE) == 2


def test_laboratories_never_seen_stand_before_the_figures_at_home(
    written: Page, usual_case: ReportInput
) -> None:
    [model] = usual_case.models
    abroad = [
        ModelFigure(f"lab-out:{name}, by lab-out-{name}", share, None, 300, "")
        for name, share in (("a", 0.754), ("b", 0.869))
    ]
    words = words_of(written(models=(replace(model, figures=(*model.figures, *abroad)),)))
    far, home = (
        "Right on 75.4 to 86.9% of the images of 2 laboratories never seen",
        "Right on 88.0%",
    )
    assert 0 < words.index(far) < words.index(home)
    assert "lab-out" not in words


def test_a_row_a_type_with_its_figures_and_its_bar(page: str, usual_case: ReportInput) -> None:
    rows = rows_of(Report.of(usual_case))
    drawn = page.split("<tbody>")[1].split("</tbody>")[0].split("</tr>")[:-1]
    for text, row in zip(drawn, rows, strict=True):
        cells = [
            words_of("</head>" + cell) for cell in re.findall(r"<t[dh].*?</t[dh]>", text, re.S)
        ]
        absolute = f"{row.absolute} {row.absolute_flag}".strip()
        analyser = f"{row.analyser}{chr(0x202F)}+" if row.analyser_merges else row.analyser
        assert row.analyser_merges is (row.name == "Neutrophil")
        assert [c.replace(" +", chr(0x202F) + "+") for c in cells] == [
            row.name, row.count, row.percent, row.interval, "", row.reference,
            row.flag, absolute, analyser, row.corrected]  # fmt: skip
        assert f'<tr class="{row.flag_kind}">' in text
        assert ("analyser differs" in text) is row.analyser_differs
        ends = [f"{1000 * part:.0f}" for part in (row.bar.low, row.bar.high)]
        assert f"M{ends[0]} 8H{ends[1]}M{ends[0]} 4.5v7M{ends[1]} 4.5v7" in text
        assert f'<rect class="share" x="0" y="5" width="{1000 * row.bar.share:.0f}"' in text
        assert ('class="range" x="' in text) is bool(row.bar.reference)


def test_an_absolute_count_s_flag_has_its_own_colour(page: str) -> None:
    assert '<span class="at is-open">possibly low</span>' in page
    assert "is-none" not in page


def test_each_cell_is_shown_with_its_heatmap_and_its_reasons(page: str) -> None:
    figures = page.split("<figure>")[1:]
    assert len(figures) == 8
    for number, figure in enumerate(figures, 1):
        assert figure.count('<img src="data:image/jpeg;base64,') == 2
        assert f'alt="Cell #{number}, ' in figure
        assert "against (rather monocyte): frosted cytoplasm" in figure
    assert "model: Neutrophil, 97%, check" in words_of("</head>" + figures[0])
    assert "model: the same, 97%, check" in words_of("</head>" + figures[1])


def test_a_cell_without_a_heatmap_has_one_picture(written: Page, usual_case: ReportInput) -> None:
    bare = ReportCell("#1", "blast", usual_case.cells[0].picture)
    text = written(cells=(bare,)).split("<figure>")[1]
    assert text.count("<img") == 1
    assert "model:" not in text


def test_what_there_is_nothing_to_say_of_is_left_out() -> None:
    text = words_of(write_html(Report.of(ReportInput("9", "a", {}, "2026-11-25"))))
    for absent in ("Slide", "Begun", "Signed at", "Amended:", "Range", "Cells Neutrophil", "None"):
        assert absent not in text, absent
    assert "Preliminary, not signed" in text
    assert "0 white cells" in text


@pytest.mark.parametrize("status", ReportStatus)
def test_the_status_is_said_in_words(written: Page, status: ReportStatus) -> None:
    text = written(status=status, amendment_reason="A miscount", version=3)
    assert STATUS_WORDS[status] in words_of(text)
    assert f'<body class="is-{status.value}">' in text
    assert "Amended: A miscount" in words_of(text)
    assert "version 3" in words_of(text)


def test_nothing_is_fetched_and_nothing_runs(page: str) -> None:
    assert f'content="{CONTENT_POLICY}"' in unescape(page)
    assert not re.search(r"<script|<link|<iframe|@import|url\(|\son\w+=", page)
    assert set(re.findall(r'(?:src|href)="([a-z]+:)', page)) == {"data:"}


def test_words_with_marks_are_words(written: Page) -> None:
    text = written(case_name="<b>&</b>", slide='"><img src=x>', comment="{{ 7 * 7 }}")
    assert "&lt;b&gt;&amp;&lt;/b&gt;" in text
    assert "<img src=x>" not in text
    assert "{{ 7 * 7 }}" in text


def test_two_readings_are_compared_in_one_sentence() -> None:
    assert agreement_words(None) == ""
    alike = compare_readers(["neutrophil"] * 20, ["neutrophil"] * 20)
    assert agreement_words(alike) == (
        "20 of 20 cells alike, 100.0% (83.2 to 100.0%); no kappa, as both named one type only."
    )
    differing = compare_readers(
        ["blast"] * 10 + ["monocyte"] * 10, ["blast"] * 11 + ["monocyte"] * 9
    )
    kappa = differing.kappa
    assert kappa is not None
    assert agreement_words(differing) == (
        "19 of 20 cells alike, 95.0% (75.1 to 99.9%); "
        f"Cohen's κ 0.90 ({kappa.low:.2f} to {kappa.high:.2f})."
    )


def test_a_sentence_begins_with_a_capital_letter_and_keeps_the_others() -> None:
    assert begin_sentence("second reader, K. Osei") == "Second reader, K. Osei"
    assert begin_sentence("") == ""


def test_the_time_of_signing_is_told_once(usual_case: ReportInput) -> None:
    assert shows_signature(usual_case)
    signed = Reading("A. Müller", "signed", usual_case.signed_at)
    assert not shows_signature(replace(usual_case, readings=(*usual_case.readings, signed)))
    assert not shows_signature(replace(usual_case, signed_at=""))
