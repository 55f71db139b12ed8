"""What is counted for Prometheus; one registry an application."""

from __future__ import annotations

import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

from hemavision.reading.heard import Stage
from hemavision.records.results import Prediction
from hemavision.web.gate import Gate

BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
#: Stages are shorter than requests.
STAGE_BUCKETS_S = (0.001, 0.0025, *BUCKETS_S)


class Metrics:
    """What is counted; hears what :mod:`hemavision.reading.heard` tells.

    Attributes:
        heard_at: stage → when it last came to its end, in seconds of the monotonic clock.
    """

    def __init__(self, gate: Gate) -> None:
        """Take the gate that requests with images pass."""
        self.registry = registry = CollectorRegistry()
        self.heard_at: dict[Stage, float] = {}
        ProcessCollector(registry=registry)
        self.requests = Counter(
            "hemavision_requests", "Requests answered.", ["method", "endpoint", "status"],
            registry=registry,
        )  # fmt: skip
        self.seconds = Histogram(
            "hemavision_request_seconds", "Time to answer a request, waiting included.",
            ["endpoint"], buckets=BUCKETS_S, registry=registry,
        )  # fmt: skip
        self.stages = Histogram(
            "hemavision_stage_seconds", "Time that a part of an answer took.", ["stage"],
            buckets=STAGE_BUCKETS_S, registry=registry,
        )  # fmt: skip
        self.waited = Histogram(
            "hemavision_waiting_seconds", "Time that a request with images waited for its turn.",
            buckets=BUCKETS_S, registry=registry,
        )  # fmt: skip
        self.predictions = Counter(
            "hemavision_predictions", "White cells named.", ["cell_type", "status"],
            registry=registry,
        )  # fmt: skip
        self.foreign = Counter(
            "hemavision_foreign_colours", "White cells named in colours of no known laboratory.",
            registry=registry,
        )  # fmt: skip
        self.errors = Counter(
            "hemavision_errors", "Problems answered, of requests and of single images.",
            ["problem"], registry=registry,
        )  # fmt: skip
        for name, said, value in (
            ("waiting", "Requests with images that wait for their turn.", lambda: gate.waiting),
            ("waiting_limit", "How many of them may wait.", lambda: gate.most_waiting),
            ("working", "Requests with images that are worked on.", lambda: gate.running),
            ("working_limit", "How many of them may be.", lambda: gate.at_once),
        ):
            Gauge(f"hemavision_{name}", said, registry=registry).set_function(value)
        for stage in Stage:
            self.stages.labels(stage.value)

    def took(self, stage: Stage, seconds: float) -> None:
        """Count one part of an answer."""
        self.stages.labels(stage.value).observe(seconds)
        self.heard_at[stage] = time.monotonic()

    def named(self, prediction: Prediction) -> None:
        """Count one white cell that was named."""
        self.predictions.labels(prediction.cell_type, prediction.status.value).inc()
        if prediction.foreign_colours:
            self.foreign.inc()
