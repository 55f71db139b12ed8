"""GET /api/v1/openapi.json: the OpenAPI 3.1 document, made of what stands beside each endpoint."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, current_app, jsonify
from werkzeug.routing import Rule

from hemavision._version import __version__
from hemavision.records.results import NOTICE
from hemavision.web.api.json_schema import Schemas, Spec
from hemavision.web.api.operations import JSON, ROOT, Api, Files, Operation
from hemavision.web.errors import MEDIA_TYPE, PROBLEMS, ProblemDetails

PATH = f"{ROOT}/openapi.json"
VERSION = "3.1.0"
#: A variable of a Flask rule: its converter and its name.
_VARIABLE = re.compile(r"<(?:(\w+):)?(\w+)>")

blueprint = Blueprint("document", __name__)


@blueprint.get(PATH)
def get_document() -> Response:
    """Describe every operation for programs."""
    return jsonify(describe())


def describe() -> Spec:
    """Return the document of the application at work."""
    schemas = Schemas()
    paths: dict[str, Spec] = {}
    headings: dict[str, None] = {}
    for rule, operation, view in _operations():
        heading = current_app.blueprints[rule.endpoint.partition(".")[0]].heading  # type: ignore[attr-defined]
        headings[heading] = None
        method = min((rule.methods or set()) - {"HEAD", "OPTIONS"}).lower()
        described = _describe(rule, operation, schemas) | {"tags": [heading]}
        name = f"{method}_{rule.endpoint.replace('.', '_')}"
        path = _VARIABLE.sub(r"{\2}", rule.rule)
        paths.setdefault(path, {})[method] = described | _words(view) | {"operationId": name}
    return {
        "openapi": VERSION,
        "info": {
            "title": "HemaVision",
            "version": __version__,
            "description": f"Names the white blood cell of a stained smear. {NOTICE}",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": heading} for heading in headings],
        "paths": paths,
        "components": {"schemas": schemas.components},
    }


def _operations() -> Iterator[tuple[Rule, Operation, Any]]:
    """Give every endpoint of the blueprints that are documented, in their order, then by path.

    Raises:
        TypeError: one of them says nothing of itself.
    """
    order = list(current_app.blueprints)
    rules = [r for r in current_app.url_map.iter_rules() if "." in r.endpoint]
    for rule in sorted(rules, key=lambda r: (order.index(r.endpoint.partition(".")[0]), r.rule)):
        part = current_app.blueprints[rule.endpoint.partition(".")[0]]
        if isinstance(part, Api):
            view = current_app.view_functions[rule.endpoint]
            if not hasattr(view, "operation"):
                raise TypeError(f"{rule.endpoint} does not say what it takes and answers.")
            yield rule, view.operation, view


def _describe(rule: Rule, operation: Operation, schemas: Schemas) -> Spec:
    more = dict(operation.more())
    parameters = [_in_path(*found) for found in _VARIABLE.findall(rule.rule)]
    parameters += schemas.parameters(operation.query) if operation.query else []
    parameters += more.pop("parameters", [])
    described: Spec = {"parameters": parameters, "responses": _responses(operation, schemas)}
    if operation.body:
        schema = schemas.of(operation.body)
        needed = "required" in schemas.components[operation.body.__name__]
        content = {"content": {JSON: {"schema": schema}}}
        described["requestBody"] = content | ({"required": True} if needed else {})
    return described | more


def _in_path(converter: str, name: str) -> Spec:
    kind = "integer" if converter == "int" else "string"
    return {"in": "path", "name": name, "schema": {"type": kind}, "required": True}


def _responses(operation: Operation, schemas: Schemas) -> Spec:
    found: Spec = {"description": "Successful response"}
    if isinstance(operation.answers, Files):
        content = {kind: {"schema": dict(s)} for kind, s in operation.answers.content.items()}
        found = {"description": operation.answers.description, "content": content}
    elif operation.answers:
        found["content"] = {JSON: {"schema": schemas.of(operation.answers)}}
    problem = {"content": {MEDIA_TYPE: {"schema": schemas.of(ProblemDetails)}}}
    refused = {
        str(status): {"description": _titles(status)} | problem for status in operation.refuses
    }
    return {str(operation.status): found} | refused


def _titles(status: int) -> str:
    return "; ".join(title for code, title in PROBLEMS.values() if code == status)


def _words(view: Any) -> Spec:
    summary, _, more = inspect.cleandoc(view.__doc__ or "").partition("\n")
    return {"summary": summary} | ({"description": more.strip()} if more.strip() else {})
