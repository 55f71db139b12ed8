"""FHIR: validated by fhir.resources, and every code where it belongs."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class
from fhir.resources.R4B.diagnosticreport import DiagnosticReport
from fhir.resources.R4B.observation import Observation

from hemavision.differential import Terms
from hemavision.records.results import NOTICE
from hemavision.report import Report, ReportInput, ReportStatus
from hemavision.report.as_fhir import to_resource, write_fhir

LOINC = "http://loinc.org"


def written(given: ReportInput) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(write_fhir(Report.of(given)))
    return values


def observations(values: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the observations by their LOINC code, or by their text."""
    found = {}
    for part in values["contained"]:
        if part["resourceType"] == "Observation":
            codings = part["code"].get("coding", [])
            found[codings[0]["code"] if codings else part["code"]["text"]] = part
    return found


@pytest.mark.parametrize("status", list(ReportStatus))
def test_the_report_and_all_that_it_contains_are_valid(
    usual_case: ReportInput, status: ReportStatus
) -> None:
    values = written(replace(usual_case, status=status, amendment_reason="A cell was misread."))
    report = DiagnosticReport.model_validate(values)
    assert report.status == status.value
    kinds = []
    for part in values["contained"]:
        kinds.append(part["resourceType"])
        get_fhir_model_class(part["resourceType"]).model_validate(part)
    assert kinds.count("Observation") == len(values["result"]) == 14
    assert {o["status"] for o in observations(values).values()} == {status.value}


def test_what_is_no_fhir_is_found_by_the_validation(usual_case: ReportInput) -> None:
    values = written(usual_case)
    values["status"] = 7
    with pytest.raises(ValueError, match="status"):
        DiagnosticReport.model_validate(values)
    broken = next(iter(observations(written(usual_case)).values()))
    broken["valueQuantity"]["value"] = "many"
    with pytest.raises(ValueError, match="value"):
        Observation.model_validate(broken)


@pytest.mark.parametrize("models", [0, 1, 2])
def test_every_contained_part_is_referred_to_and_no_other(
    usual_case: ReportInput, models: int
) -> None:
    """Rule dom-3 of FHIR, and no dangling reference."""
    given = replace(usual_case, models=usual_case.models * models)
    DiagnosticReport.model_validate(written(given))
    text = json.dumps(written(given))
    ids = {part["id"] for part in json.loads(text)["contained"]}
    referred = set(re.findall(r'"reference": "#([^"]+)"', text))
    assert referred == ids
    assert len(ids) == len(json.loads(text)["contained"])
    assert all(re.fullmatch(r"[A-Za-z0-9\-.]{1,64}", id_) for id_ in ids)


def test_shares_carry_value_interval_counts_and_range(usual_case: ReportInput) -> None:
    values = written(usual_case)
    assert values["code"]["coding"][0] == {
        "system": LOINC,
        "code": "24318-8",
        "display": "Manual Differential panel - Blood",
    }
    found = observations(values)
    assert set(found) >= {"23761-0", "737-7", "744-3", "714-6", "707-0", "38518-7", "18309-5"}
    lymphocytes = found["737-7"]
    assert lymphocytes["valueQuantity"]["value"] == 15.0
    assert lymphocytes["valueQuantity"]["code"] == "%"
    interval, count, total, left = lymphocytes["component"]
    assert left == {"code": {"text": "Further cells, not counted"}, "valueInteger": 3}
    assert interval["code"]["coding"][0]["code"] == "CI"
    assert interval["valueRange"]["low"]["value"] == 10.355
    assert interval["valueRange"]["high"]["value"] == 20.716
    assert (count["valueInteger"], total["valueInteger"]) == (30, 200)
    assert lymphocytes["referenceRange"][0]["low"]["value"] == 20.0
    shares = [o["valueQuantity"]["value"] for o in found.values() if o["id"].startswith("share-")]
    assert sum(value for value in shares if value is not None) > 100


def test_only_a_sure_flag_is_coded(usual_case: ReportInput) -> None:
    possible = observations(written(usual_case))["737-7"]["interpretation"][0]
    assert "coding" not in possible
    assert possible["text"].startswith("possibly low")
    sure = replace(usual_case, counts=dict(usual_case.counts) | {"lymphocyte": 5})
    coding = observations(written(sure))["737-7"]["interpretation"][0]["coding"][0]
    assert coding["code"] == "L"
    assert "interpretation" not in observations(written(usual_case))["744-3"]


def test_absolute_counts_and_the_white_cell_count_stand_in_ucum(usual_case: ReportInput) -> None:
    found = observations(written(usual_case))
    neutrophils = found["753-4"]["valueQuantity"]
    assert (neutrophils["value"], neutrophils["code"]) == (6.589, "10*9/L")
    assert found["26464-8"]["valueQuantity"]["value"] == 8.785
    assert "corrected" in found["26464-8"]["note"][0]["text"]
    assert found["18309-5"]["valueQuantity"]["code"] == "/100{WBCs}"


def test_a_type_without_a_code_keeps_its_name(usual_case: ReportInput) -> None:
    counts = dict(usual_case.counts) | {"hairy_cell": 3}
    values = written(replace(usual_case, counts=counts, model_calls=None))
    DiagnosticReport.model_validate(values)
    assert "Hairy cell, % of white cells" in observations(values)


def test_the_conclusion_and_the_narrative_carry_the_notice(usual_case: ReportInput) -> None:
    named = replace(usual_case, case_name="<b>&\"'", amendment_reason="x < y")
    values = written(named)
    DiagnosticReport.model_validate(values)
    assert NOTICE in values["conclusion"]
    assert NOTICE in values["text"]["div"]
    assert "Amended: x &lt; y" in values["text"]["div"]
    assert "<b>" not in values["text"]["div"]


def test_nothing_in_it_is_empty(usual_case: ReportInput) -> None:
    """FHIR's JSON has no empty lists, objects or strings."""
    bare = ReportInput("9", "a", {}, "2026-11-25T14:10:00+00:00")
    for given in (usual_case, bare, replace(usual_case, readings=(), models=(), slide="")):
        open_ = [written(given)]
        while open_:
            value = open_.pop()
            assert value not in ([], {}, "", None)
            open_ += value.values() if isinstance(value, dict) else []
            open_ += value if isinstance(value, list) else []


def test_one_case_has_one_name_everywhere(usual_case: ReportInput) -> None:
    one, same = to_resource(Report.of(usual_case)), to_resource(Report.of(usual_case))
    assert one["identifier"] == same["identifier"]
    other = to_resource(Report.of(replace(usual_case, version=2)))
    assert other["identifier"] != one["identifier"]


def test_a_time_without_a_zone_is_left_out(usual_case: ReportInput) -> None:
    given = replace(usual_case, signed_at="2026-11-25T14:09:40", terms=Terms())
    values = written(given)
    DiagnosticReport.model_validate(values)
    assert "issued" not in values
    assert written(usual_case)["issued"] == "2026-11-25T14:09:40+00:00"


def test_a_case_without_cells_is_a_report_without_results(usual_case: ReportInput) -> None:
    given = replace(usual_case, counts={}, terms=Terms(), readings=())
    values = written(given)
    DiagnosticReport.model_validate(values)
    assert "result" not in values
    assert [part["id"] for part in values["contained"]] == ["slide"]
