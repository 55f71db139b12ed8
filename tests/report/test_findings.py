"""What a report found, in words."""

from __future__ import annotations

from dataclasses import replace

import pytest
from drawings.cells import sample_png

from hemavision import Model
from hemavision.differential import Terms
from hemavision.errors import SettingsError
from hemavision.records.results import Reason
from hemavision.report import Report, ReportCell, ReportInput, ReportModel, in_words
from hemavision.report.findings import absolute_number, number


def test_flags_come_first_and_say_what_would_settle_them(usual_case: ReportInput) -> None:
    sentences = in_words(Report.of(usual_case))
    assert sentences[0] == (
        "Lymphocyte: possibly low, 15.0% (95% interval 10.4 to 20.7) against 20 to 40%. About 54 "
        "more white cells at this share would settle it."
    )
    assert "7.0 nucleated red cells for 100 white cells (3.8 to 12.0)." in sentences
    assert (
        "White cell count corrected for nucleated red cells: 9.40 became 8.79 × 10⁹/L." in sentences
    )
    assert any(s.startswith("A-1 differs by more than chance: neutrophil 76.0%") for s in sentences)
    assert "3 further cells were not counted: the count stopped at 200." in sentences


def test_a_sure_flag_is_said_before_a_possible_one(usual_case: ReportInput) -> None:
    counts = {"monocyte": 12, "lymphocyte": 5, "neutrophil": 83}
    sentences = in_words(Report.of(replace(usual_case, counts=counts)))
    assert sentences[0].startswith("Lymphocyte: low, 5.0%")
    assert sentences[1].startswith("Monocyte: possibly high")


def test_a_healthy_slide_is_said_to_be_one(usual_case: ReportInput) -> None:
    counts = {"neutrophil": 60, "lymphocyte": 30, "monocyte": 6, "eosinophil": 3, "basophil": 1}
    given = replace(usual_case, counts=counts, analyser=None, model_calls=None)
    sentences = in_words(Report.of(given))
    assert sentences[0] == "No share lies outside its reference range."
    assert sentences[-1] == "100 of 200 white cells counted, 100 missing."


def test_without_ranges_nothing_is_called_normal(usual_case: ReportInput) -> None:
    given = replace(usual_case, terms=Terms(target=200), analyser=None)
    assert not any("reference range" in sentence for sentence in in_words(Report.of(given)))


def test_a_case_without_cells_says_so(usual_case: ReportInput) -> None:
    report = Report.of(replace(usual_case, counts={"neutrophil": 0, "unfamiliar": 2}))
    assert in_words(report) == ["No white cell has been counted."]
    assert report.comparison is None
    assert report.corrected is None


def test_a_count_that_is_none_is_refused(usual_case: ReportInput) -> None:
    with pytest.raises(SettingsError, match="neutrophil"):
        Report.of(replace(usual_case, counts={"neutrophil": -1}))


def test_what_argues_a_little_for_a_type_is_not_said_against_it(model: Model) -> None:
    prediction = model.predict(sample_png("synthetic-eosinophil"))[0]
    assert prediction.reasons is not None
    weighed = [
        Reason("size", "big", words, 0.9, weight)
        for words, weight in (("a", 0.5), ("b", 0.0), ("c", -0.5), ("d", 3.0), ("e", 0.1))
    ]
    reasons = replace(prediction.reasons, attributes=tuple(weighed), contradictions=("c",))
    cell = ReportCell.of("#1", "neutrophil", replace(prediction, reasons=reasons), b"")
    assert (cell.speaks_for, cell.speaks_against) == (("a", "d"), ("c",))  # two at most
    beside = replace(cell, suggested="eosinophil", rival="immature_granulocyte")
    assert beside.against_words == "against (rather immature granulocyte): c"
    assert replace(beside, rival="").against_words == "against: c"


def test_a_cell_and_a_model_say_what_the_bundle_says(model: Model) -> None:
    prediction = model.predict(sample_png("synthetic-eosinophil"))[0]
    cell = ReportCell.of("#1", "neutrophil", prediction, sample_png("synthetic-eosinophil"))
    assert cell.suggested == prediction.cell_type
    assert prediction.reasons is not None
    assert cell.seen == prediction.reasons.seen
    weights = {reason.words: reason.weight for reason in prediction.reasons.attributes}
    assert cell.speaks_for
    assert all(weights[words] > 0 for words in cell.speaks_for)
    assert set(prediction.reasons.contradictions[:2]) <= set(cell.speaks_against)
    assert not set(cell.speaks_for) & set(cell.speaks_against)
    said = ReportModel.of(model.manifest, model.reference.sha256)
    assert {figure.protocol for figure in said.figures} == set(model.manifest.metrics)
    assert all(figure.n_images > 0 and figure.interval for figure in said.figures)
    assert "blasts" in said.cannot_see


def test_halves_are_rounded_up_as_the_page_does() -> None:
    assert [number(value) for value in (6.25, 0.05, 12.35, 0, 100)] == [
        "6.3", "0.1", "12.3", "0", "100",
    ]  # fmt: skip
    assert absolute_number(0.125) == "0.13"
