"""Counts every request, and gives the counts in Prometheus's text format."""

from __future__ import annotations

import time

from flask import Flask, Response, g, request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from hemavision.web.api.operations import Api, Files, operation
from hemavision.web.services import services

TEXT = Files("Prometheus's text format", {"text/plain": {"type": "string"}})
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

blueprint = Api("metrics", "Operations", url_prefix=None)


def install(app: Flask) -> None:
    """Count every request of an application."""
    app.before_request(_start)
    app.after_request(_count)


@blueprint.get("/metrics")
@operation(TEXT)
def prometheus() -> Response:
    """Counts and times in Prometheus's text format."""
    return Response(generate_latest(services().metrics.registry), content_type=CONTENT_TYPE_LATEST)


def _start() -> None:
    g.started = time.perf_counter()


def _count(response: Response) -> Response:
    # Labels come from fixed sets: a caller cannot make new ones.
    endpoint = request.endpoint or "none"
    metrics = services().metrics
    metrics.requests.labels(method(), endpoint, str(response.status_code)).inc()
    metrics.seconds.labels(endpoint).observe(seconds_spent())
    return response


def method() -> str:
    """Return the request's method, `other` for one that HTTP does not know."""
    return request.method if request.method in METHODS else "other"


def seconds_spent() -> float:
    """Return how long the request has been worked on; 0 where it was refused at its address."""
    return time.perf_counter() - g.started if "started" in g else 0.0
