"""CSV and JSON."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from dataclasses import replace

import pytest

from hemavision.records.results import NOTICE
from hemavision.report import Report, ReportInput
from hemavision.report.as_csv import COLUMNS, write_csv
from hemavision.report.as_json import write_json
from hemavision.report.rows import rows_of as rows_on_a_page
from hemavision.report.rows import top_of_scale


def rows_of(given: ReportInput) -> dict[str, dict[str, str]]:
    rows = list(csv.DictReader(io.StringIO(write_csv(Report.of(given)), newline="")))
    assert tuple(rows[0]) == COLUMNS
    return {row["cell_type"]: row for row in rows}


def test_a_row_a_type_with_its_figures(usual_case: ReportInput) -> None:
    rows = rows_of(usual_case)
    assert list(rows) == [
        "neutrophil", "eosinophil", "basophil", "lymphocyte", "monocyte", "immature_granulocyte",
        "erythroblast", "platelet", "not_counted",
    ]  # fmt: skip
    lymphocyte = rows["lymphocyte"]
    assert (lymphocyte["count"], lymphocyte["of_white_cells"]) == ("30", "200")
    assert float(lymphocyte["low"]) == pytest.approx(10.355, abs=1e-3)
    assert lymphocyte["flag"] == "possibly_low"
    assert lymphocyte["more_cells"] == "54"
    assert lymphocyte["analyser_differs"] == "yes"
    assert float(lymphocyte["absolute_10e9_per_l"]) == pytest.approx(0.15 * 9.4 / 1.07, abs=1e-4)
    assert rows["erythroblast"]["unit"] == "/100 white cells"
    assert rows["erythroblast"]["value"] == "7"
    assert rows["platelet"]["count"] == "31"
    assert rows["not_counted"]["count"] == "3"
    assert {row["notice"] for row in rows.values()} == {NOTICE}
    shares = [float(row["value"]) for row in rows.values() if row["unit"] == "%"]
    assert sum(shares) == pytest.approx(100)


def test_no_name_becomes_a_formula(usual_case: ReportInput) -> None:
    named = replace(usual_case, case_name='=HYPERLINK("http://x")', slide="+1", model_calls=None)
    row = rows_of(replace(named, counts={"@sum": 3, "neutrophil": 4}))["'@sum"]
    assert row["case"].startswith("'=")
    assert row["slide"] == "'+1"


def test_json_holds_everything_but_the_pictures(usual_case: ReportInput) -> None:
    report = Report.of(usual_case)
    values = json.loads(write_json(report))
    assert values["notice"] == NOTICE
    assert values["case"]["status"] == "final"
    assert values["differential"] == json.loads(json.dumps(report.differential.to_json()))
    assert values["analyser"]["disagreeing"] == ["neutrophil", "lymphocyte"]
    assert values["estimate"]["estimate"] is True
    assert values["second_reading"]["between"] == "second reader, blind"
    first = values["cells"][0]
    assert first["picture_sha256"] == hashlib.sha256(usual_case.cells[0].picture).hexdigest()
    assert "picture" not in first


def test_json_of_the_least_there_is() -> None:
    given = ReportInput("1", "x", {}, "2026-11-25T14:10:00+00:00")
    values = json.loads(write_json(Report.of(given)))
    assert values["differential"]["total"] == 0
    assert values["analyser"] is None


@pytest.mark.parametrize(
    ("counts", "top"),
    [
        ({"neutrophil": 150, "lymphocyte": 50}, 90),
        ({"neutrophil": 20, "lymphocyte": 20, "monocyte": 20, "basophil": 20, "blast": 20}, 80),
        ({"neutrophil": 200}, 100),
        ({}, 100),
    ],
)
def test_the_bars_scale_ends_at_a_round_number_above_them_all(
    usual_case: ReportInput, counts: dict[str, int], top: float
) -> None:
    """The largest share's interval, or the highest range, 80% of neutrophils."""
    report = Report.of(replace(usual_case, counts=counts, model_calls=None))
    assert top_of_scale(report) == top
    bars = [row.bar for row in rows_on_a_page(report)]
    assert all(0 <= bar.low <= bar.share <= bar.high <= 1 for bar in bars)
    assert all(0 <= bar.reference[0] <= bar.reference[1] <= 1 for bar in bars if bar.reference)
    assert [bar.share for bar in bars] == [
        pytest.approx(share.percent / top) for share in report.differential.shares
    ]
