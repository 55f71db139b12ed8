"""A case's report as a file: a page, a PDF, a table, JSON or FHIR."""

from __future__ import annotations

from flask import Response

from hemavision.casework.reporting import Request, gather_report
from hemavision.errors import SettingsError
from hemavision.report import FORMATS, write_report
from hemavision.web.api.bodies import read_query
from hemavision.web.api.case_requests import ReportQuery
from hemavision.web.api.case_terms import at_work
from hemavision.web.api.operations import Api, files, operation
from hemavision.web.errors import Problem
from hemavision.web.identity import sighted, the_store
from hemavision.words import ENGLISH, languages, speaking

blueprint = Api("case_report", "Report")

#: The page carries its own style and pictures and runs nothing.
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; object-src 'none'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
#: Forms that are read by people, in the browser.
SHOWN = ("html", "pdf")
REPORT = files("The report", *(f.media_type.partition(";")[0] for f in FORMATS.values()))


@blueprint.get("/cases/<int:case_id>/report.<format_name>")
@operation(REPORT, 400, 401, 403, 404, 422, 429, query=ReportQuery)
def get_report(case_id: int, format_name: str) -> Response:
    """Write a case's report: `html`, `pdf`, `csv`, `json` or `fhir`.

    Read against what was entered for the case, as its differential is. A case that is not signed
    is reported as preliminary; a signed one with the ranges, models, heatmaps and second readings
    that were signed. `version`: an earlier one, as it was signed, whatever was changed since; a
    later one says what it changed.
    """
    sighted(case_id)
    if format_name not in FORMATS:
        raise Problem("not-found", f"No report.{format_name[:40]}; there are {', '.join(FORMATS)}.")
    query = read_query(ReportQuery)
    if query.language not in languages():
        known = ", ".join(languages())
        raise Problem("bad-option", f"No language {query.language!r}; there are {known}.")
    wanted = Request(case_id, query.suggestions, query.version)
    try:
        given = gather_report(the_store(), at_work(), wanted)
        with speaking(query.language if format_name in SHOWN else ENGLISH):
            document = write_report(given, format_name)
    except SettingsError as error:
        raise Problem("unusable", str(error)) from error
    response = Response(document.content, content_type=document.media_type)
    shown = "inline" if format_name in SHOWN else "attachment"
    response.headers["Content-Disposition"] = f'{shown}; filename="{document.name}"'
    response.headers["Content-Security-Policy"] = POLICY
    response.cache_control.no_store = True
    return response
