"""GET /docs: the OpenAPI document as a page of our own; its script only searches it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template

from hemavision.report import notice
from hemavision.web.api.document import PATH, describe
from hemavision.web.errors import PROBLEMS

blueprint = Blueprint("docs", __name__)


@blueprint.get("/docs")
def page() -> str:
    """Render the reference."""
    spec = describe()
    return render_template(
        "docs.html",
        spec=spec,
        groups=_by_tag(spec),
        problems=PROBLEMS,
        notice=notice(),
        spec_path=PATH,
    )


def _by_tag(spec: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, methods in spec["paths"].items():
        for method, operation in methods.items():
            entry = {"path": path, "method": method.upper()} | operation
            groups.setdefault(operation["tags"][0], []).append(entry)
    return groups
