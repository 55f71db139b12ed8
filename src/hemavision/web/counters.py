"""What is counted for Prometheus; one registry an application."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector

from hemavision.records.results import Prediction

BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


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
