"""Counts every request, and gives the counts in Prometheus's text format."""

from __future__ import annotations

import time
from typing import Any

from apiflask import APIBlueprint
from flask import Flask, Response, g, request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from hemavision.web.services import services

TEXT: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Prometheus's text format",
        "content": {"text/plain": {"schema": {"type": "string"}}},
    }
}
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

blueprint = APIBlueprint("metrics", __name__, tag="Operations")


def install(app: Flask) -> None:
    """Count every request of an application."""
    app.before_request(_start)
    app.after_request(_count)


@blueprint.get("/metrics")
@blueprint.doc(responses=TEXT)
def prometheus() -> Response:
    """Counts and times in Prometheus's text format."""
    return Response(generate_latest(services().metrics.registry), content_type=CONTENT_TYPE_LATEST)


def _start() -> None:
    g.started = time.perf_counter()


def _count(response: Response) -> Response:
    # Labels come from fixed sets: a caller cannot make new ones.
    endpoint = request.endpoint or "none"
    method = request.method if request.method in METHODS else "other"
    metrics = services().metrics
    metrics.requests.labels(method, endpoint, str(response.status_code)).inc()
    if "started" in g:
        metrics.seconds.labels(endpoint).observe(time.perf_counter() - g.started)
    return response
