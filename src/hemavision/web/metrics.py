"""Counts and times for Prometheus; one registry an application."""

from __future__ import annotations

import time
from typing import Any

from apiflask import APIBlueprint
from flask import Flask, Response, current_app, g, request
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    generate_latest,
)

from hemavision.records.results import Prediction

NAME = "hemavision.metrics"
BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
TEXT: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Prometheus's text format",
        "content": {"text/plain": {"schema": {"type": "string"}}},
    }
}
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

blueprint = APIBlueprint("metrics", __name__, tag="Operations")


class Metrics:
    """What is counted."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.requests = Counter(
            "hemavision_requests", "Requests answered.", ["method", "endpoint", "status"],
            registry=self.registry,
        )  # fmt: skip
        self.seconds = Histogram(
            "hemavision_request_seconds", "Time to answer a request.", ["endpoint"],
            buckets=BUCKETS_S, registry=self.registry,
        )  # fmt: skip
        self.predictions = Counter(
            "hemavision_predictions", "Images classified.", ["cell_type", "status"],
            registry=self.registry,
        )  # fmt: skip
        self.errors = Counter(
            "hemavision_errors", "Problems answered, of requests and of single images.",
            ["problem"], registry=self.registry,
        )  # fmt: skip

    def count_prediction(self, prediction: Prediction) -> None:
        """Count one classified image."""
        self.predictions.labels(prediction.cell_type, prediction.status.value).inc()


def install(app: Flask) -> None:
    """Give the application its metrics and count every request."""
    app.extensions[NAME] = Metrics()
    app.before_request(_start)
    app.after_request(_count)


def of(app: Flask) -> Metrics:
    """Return an application's metrics."""
    found: Metrics = app.extensions[NAME]
    return found


@blueprint.get("/metrics")
@blueprint.doc(responses=TEXT)
def prometheus() -> Response:
    """Counts and times in Prometheus's text format."""
    return Response(generate_latest(of(current_app).registry), content_type=CONTENT_TYPE_LATEST)


def _start() -> None:
    g.started = time.perf_counter()


def _count(response: Response) -> Response:
    # Labels come from fixed sets: a caller cannot make new ones.
    endpoint = request.endpoint or "none"
    method = request.method if request.method in METHODS else "other"
    metrics = of(current_app)
    metrics.requests.labels(method, endpoint, str(response.status_code)).inc()
    if "started" in g:
        metrics.seconds.labels(endpoint).observe(time.perf_counter() - g.started)
    return response
