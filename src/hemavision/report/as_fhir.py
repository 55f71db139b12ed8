"""The report as a FHIR R4 DiagnosticReport that contains its Observations.

One resource, https://hl7.org/fhir/R4/diagnosticreport.html: each share is an Observation with a
LOINC code of a manual count (:mod:`hemavision.report.loinc`). The tests validate it with
``fhir.resources`` 8, whose R4B classes (FHIR 4.3.0; it has none for 4.0.1) have these resources
unchanged since R4.

FHIR has no element for an interval of a measured value. It stands in a component, coded CI,
"confidence interval", of HL7's https://hl7.org/fhir/R4/codesystem-precision-estimate-type.html,
as a Range; the counts behind it are components too. The interpretation is H or L only where the
whole interval lies outside the reference range; a possible flag is text, without a code.

Nobody told this program about a patient or a time of collection, so ``subject`` and
``effective`` are left out. Whoever files the report has to add them.
"""

from __future__ import annotations

import json
import uuid
from datetime import datetime
from html import escape
from typing import Any

from hemavision._version import __version__
from hemavision.differential import Absolute, Flag, PerHundred, Share
from hemavision.records.reference import display_name
from hemavision.records.results import NOTICE
from hemavision.report import loinc
from hemavision.report.findings import EXACT, Report, in_words, settle_words
from hemavision.report.record import Reading, ReportModel

UCUM = "http://unitsofmeasure.org"
PERCENT, PER_LITRE, PER_HUNDRED = ("%", "%"), ("10*9/L", "10*9/L"), ("/100 WBC", "/100{WBCs}")
_TERMS = "http://terminology.hl7.org/CodeSystem"
_INTERPRETATIONS = {Flag.HIGH: ("H", "High"), Flag.LOW: ("L", "Low")}
#: Two UUIDs of one case and version are the same on every machine.
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://hemavision.invalid/report")
#: What the slide and the program are called within the report.
SPECIMEN, DEVICE = "slide", "hemavision"

Values = dict[str, Any]


def write_fhir(report: Report) -> str:
    """Return the DiagnosticReport as JSON text."""
    return json.dumps(to_resource(report), ensure_ascii=False, allow_nan=False, indent=1)


def to_resource(report: Report) -> Values:
    """Return the DiagnosticReport as JSON values."""
    given = report.given
    observations = _observations(report)
    models = [_device(given.models)] if given.models and observations else []
    readers = [_reader(reading) for reading in given.readings]
    resource: Values = {
        "resourceType": "DiagnosticReport",
        "meta": {"security": [_coding(f"{_TERMS}/v3-ActReason", "HRESCH", "healthcare research")]},
        "text": {"status": "generated", "div": _narrative(report)},
        "contained": [_specimen(report), *models, *observations],
        "identifier": _identifiers(report),
        "status": given.status.value,
        "category": [{"coding": [_coding(f"{_TERMS}/v2-0074", "HM", "Hematology")]}],
        "code": _loinc(loinc.PANEL),
        "specimen": [{"reference": f"#{SPECIMEN}"}],
        "conclusion": "\n".join([*_amendment(report), *in_words(report), NOTICE]),
    }
    # FHIR's JSON has no empty lists.
    if observations:
        resource["result"] = [{"reference": f"#{found['id']}"} for found in observations]
    if readers:
        resource["resultsInterpreter"] = readers
    issued = _instant(given.signed_at or given.made_at)
    if issued:
        resource["issued"] = issued
    return resource


def _identifiers(report: Report) -> list[Values]:
    given = report.given
    unique = uuid.uuid5(_NAMESPACE, f"{given.case_id}/{given.version}/{given.status.value}")
    return [
        {"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{unique}"},
        {"use": "secondary", "value": f"{given.case_id} v{given.version}"},
    ]


def _observations(report: Report) -> list[Values]:
    found = report.differential
    results = []
    for share in found.shares:
        results.append(_share(report, share))
        if share.absolute:
            results.append(_absolute(report, share, share.absolute))
    if found.nucleated_red:
        results.append(_nucleated_red(report, found.nucleated_red))
    if found.white_cells:
        white = _observation(report, "white-cells", _loinc(loinc.WHITE_CELLS))
        entered = found.white_cells
        white["valueQuantity"] = _quantity(entered.value, PER_LITRE)
        words = "as entered, from an analyser"
        if entered.corrected:
            words = f"corrected for nucleated red cells from {entered.entered:g} ({words})"
        results.append(white | {"note": [{"text": f"White cell count {words}."}]})
    return results


def _share(report: Report, share: Share) -> Values:
    name = display_name(share.cell_type)
    said = report.given.terms.classes.find(share.cell_type)
    code = loinc.Code(said.loinc, said.loinc_name or "") if said.loinc else None
    concept = _loinc(code, f"{name}, % of white cells")
    result = _observation(report, _id(share.cell_type), concept)
    result["valueQuantity"] = _quantity(share.percent, PERCENT)
    result |= _read_against(share.flag, share.reference, PERCENT)
    result["component"] = [
        _interval(report, (share.low, share.high), PERCENT),
        _counted("Cells of this type counted", share.count),
        _counted("White cells counted", report.differential.total),
    ]
    if left := report.uncounted:
        result["component"].append(_counted("Further cells, not counted", left))
    if text := settle_words(share):
        result["note"] = [{"text": text}]
    return result


def _absolute(report: Report, share: Share, absolute: Absolute) -> Values:
    code = loinc.ABSOLUTES.get(share.cell_type)
    concept = _loinc(code, f"{display_name(share.cell_type)}, cells in a volume of blood")
    result = _observation(report, f"{_id(share.cell_type)}-absolute", concept)
    result["valueQuantity"] = _quantity(absolute.value, PER_LITRE)
    result |= _read_against(absolute.flag, absolute.reference, PER_LITRE)
    result["component"] = [_interval(report, (absolute.low, absolute.high), PER_LITRE)]
    text = "Share on the slide times the white cell count, whose own error is not in the interval."
    return result | {"note": [{"text": text}]}


def _nucleated_red(report: Report, found: PerHundred) -> Values:
    result = _observation(report, "erythroblast", _loinc(loinc.NUCLEATED_RED))
    result["valueQuantity"] = _quantity(found.value, PER_HUNDRED)
    result["component"] = [
        _interval(report, (found.low, found.high), PER_HUNDRED),
        _counted("Nucleated red cells counted", found.count),
        _counted("White cells counted", report.differential.total),
    ]
    return result


def _observation(report: Report, id_: str, code: Values) -> Values:
    """Return what all observations of the slide share."""
    given = report.given
    method = "Count on a stained smear under the microscope or on its images"
    if given.models:
        method += "; types suggested by a model"
    result: Values = {
        "resourceType": "Observation",
        "id": id_,
        "status": given.status.value,
        "category": [
            {"coding": [_coding(f"{_TERMS}/observation-category", "laboratory", "Laboratory")]}
        ],
        "code": code,
        "method": {"text": method},
        "specimen": {"reference": f"#{SPECIMEN}"},
    }
    if given.readings:
        result["performer"] = [_reader(reading) for reading in given.readings]
    if given.models:
        result["device"] = {"reference": f"#{DEVICE}"}
    return result


def _read_against(
    flag: Flag, reference: tuple[float, float] | None, unit: tuple[str, str]
) -> Values:
    values: Values = {}
    if flag in _INTERPRETATIONS:
        coding = _coding(f"{_TERMS}/v3-ObservationInterpretation", *_INTERPRETATIONS[flag])
        values["interpretation"] = [{"coding": [coding]}]
    elif flag is not Flag.NONE:
        text = f"{flag.words}: the interval reaches into the reference range"
        values["interpretation"] = [{"text": text}]
    if reference:
        low, high = (_quantity(limit, unit) for limit in reference)
        values["referenceRange"] = [{"low": low, "high": high}]
    return values


def _interval(report: Report, bounds: tuple[float, float], unit: tuple[str, str]) -> Values:
    level = f"{100 * report.differential.level:g}%"
    coding = _coding(f"{_TERMS}/precision-estimate-type", "CI", "confidence interval")
    low, high = (_quantity(bound, unit) for bound in bounds)
    return {
        "code": {"coding": [coding], "text": f"{level} confidence interval, {EXACT}"},
        "valueRange": {"low": low, "high": high},
    }


def _counted(words: str, count: int) -> Values:
    return {"code": {"text": words}, "valueInteger": count}


def _quantity(value: float, unit: tuple[str, str]) -> Values:
    words, code = unit
    return {"value": round(value, 3), "unit": words, "system": UCUM, "code": code}


def _loinc(code: loinc.Code | None, text: str = "") -> Values:
    if code is None:
        return {"text": text}
    return {
        "coding": [_coding(loinc.SYSTEM, code.code, code.display)],
        "text": text or code.display,
    }


def _coding(system: str, code: str, display: str) -> Values:
    return {"system": system, "code": code} | ({"display": display} if display else {})


def _specimen(report: Report) -> Values:
    specimen: Values = {
        "resourceType": "Specimen",
        "id": SPECIMEN,
        "type": {"text": "Stained blood smear"},
    }
    if report.given.slide:
        specimen["identifier"] = [{"value": report.given.slide}]
    return specimen


def _device(models: tuple[ReportModel, ...]) -> Values:
    """Return the program with all its models: an Observation can name one device only."""
    cannot = [f"{model.name} cannot see {', '.join(model.cannot_see)}." for model in models]
    return {
        "resourceType": "Device",
        "id": DEVICE,
        "identifier": [{"value": f"sha256:{model.sha256}"} for model in models],
        "deviceName": [{"name": model.name, "type": "model-name"} for model in models],
        "version": [{"value": f"HemaVision {__version__}"}],
        "note": [{"text": text} for text in (*cannot, NOTICE)],
    }


def _reader(reading: Reading) -> Values:
    return {"display": f"{reading.reader} ({reading.role})"}


def _id(cell_type: str) -> str:
    """Return a name that FHIR takes for an id: letters, digits, hyphens and dots, 64 at most."""
    letters = "".join(c if c.isascii() and c.isalnum() else "-" for c in cell_type)
    return f"share-{letters}"[:48]


def _amendment(report: Report) -> list[str]:
    reason = report.given.amendment_reason
    return [f"Amended: {reason}"] if reason else []


def _narrative(report: Report) -> str:
    lines = [report.given.case_name, NOTICE, *_amendment(report), *in_words(report)]
    paragraphs = "".join(f"<p>{escape(line)}</p>" for line in lines)
    return f'<div xmlns="http://www.w3.org/1999/xhtml">{paragraphs}</div>'


def _instant(at: str) -> str | None:
    """Return a time as FHIR's instant, which needs a zone; None where there is none."""
    try:
        time = datetime.fromisoformat(at)
    except ValueError:
        return None
    return time.isoformat(timespec="seconds") if time.tzinfo else None
