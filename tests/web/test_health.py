"""Health and metrics: what an operator's tools read."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from fakes import FakeFinder
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import create_engine, text

from hemavision import Model
from hemavision.reading.finding.detector import Finder
from hemavision.records.results import Detection
from hemavision.store import Store
from hemavision.store.database import find_url
from hemavision.web import create_app


class Broken:
    """A model whose network fails."""

    def __init__(self, model: Model) -> None:
        self.reference, self.manifest = model.reference, model.manifest

    def found_by(self, finder: Finder | None) -> Broken:
        return self

    def predict_arrays(self, images: object) -> object:
        raise RuntimeError("secret")


def samples(client: FlaskClient) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    text = client.get("/metrics").get_data(as_text=True)
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_live(client: FlaskClient) -> None:
    assert client.get("/health/live").json == {"status": "live"}


def test_ready_names_the_model(client: FlaskClient, model: Model) -> None:
    answer = client.get("/health/ready").json
    assert (answer["status"], answer["sha256"]) == ("ready", model.reference.sha256)
    assert answer["detector"] == "cells"


def test_a_model_that_fails_is_live_but_not_ready(model: Model) -> None:
    client = create_app(Broken(model)).test_client()
    assert client.get("/health/live").status_code == 200
    response = client.get("/health/ready")
    assert response.status_code == 503
    assert response.json["type"] == "/docs#not-ready"
    assert "secret" not in response.get_data(as_text=True)


class Blind(FakeFinder):
    """A detector that fails."""

    def find(self, rgb: np.ndarray, *, um_per_px: float | None = None) -> list[Detection]:
        raise RuntimeError("secret")


def test_a_detector_that_fails_is_named(model: Model) -> None:
    response = create_app(model, finder=Blind()).test_client().get("/health/ready")
    assert response.status_code == 503
    assert response.json["detail"].startswith("The detector gave an error")
    assert "secret" not in response.get_data(as_text=True)


def test_a_store_that_goes_away_is_named(model: Model, store: Store, location: str) -> None:
    client = create_app(model, store=store).test_client()
    assert client.get("/health/ready").json["store"] == store.dialect
    if store.dialect == "sqlite":
        store.close()
        Path(location).write_text("no database " * 100)
    else:
        url = find_url(location)
        engine = create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE {url.database} WITH (FORCE)"))
        engine.dispose()
    response = client.get("/health/ready")
    assert response.status_code == 503
    assert response.json["detail"].startswith("The store of cases does not answer")


def test_a_store_that_is_gone_is_named(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEMAVISION_STORE", "postgresql://nobody:secret@127.0.0.1:1/none")
    client = create_app(model).test_client()
    response = client.get("/health/ready")
    assert response.status_code == 503
    assert response.json["detail"].startswith("The store of cases does not answer")
    assert "secret" not in response.get_data(as_text=True)
    monkeypatch.setenv("HEMAVISION_STORE", str(tmp_path / "store.sqlite"))
    assert client.get("/health/ready").status_code == 200


def test_asking_makes_no_store(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.delenv("HEMAVISION_STORE", raising=False)
    response = create_app(model).test_client().get("/health/ready")
    assert (response.status_code, response.json["store"]) == (200, None)
    assert list(tmp_path.iterdir()) == []


def test_metrics_count_requests_predictions_and_errors(model: Model, good: bytes) -> None:
    client = create_app(model).test_client()
    data = {"images": [(io.BytesIO(good), "a.jpg"), (io.BytesIO(b"no"), "b.jpg")]}
    prediction = client.post("/api/v1/classify", data=data).json["results"][0]["prediction"]
    client.get("/nowhere")
    found = samples(client)
    labels = (("cell_type", prediction["cell_type"]), ("status", prediction["status"]))
    classify = "classify.classify"
    assert found["hemavision_predictions_total", labels] == 1
    assert found["hemavision_errors_total", (("problem", "bad-image"),)] == 1
    assert found["hemavision_errors_total", (("problem", "not-found"),)] == 1
    request = (("endpoint", classify), ("method", "POST"), ("status", "200"))
    assert found["hemavision_requests_total", request] == 1
    assert found["hemavision_request_seconds_count", (("endpoint", classify),)] == 1
    assert found["hemavision_request_seconds_sum", (("endpoint", classify),)] > 0


def test_callers_cannot_make_new_series(model: Model) -> None:
    client = create_app(model).test_client()

    def ask(name: str) -> int:
        client.get(f"/{name}")
        client.open("/", method=name)
        return len(samples(client))

    ask("FIRST")
    known = ask("SECOND")
    assert [ask(f"MORE{n}") for n in range(5)] == [known] * 5


@pytest.mark.parametrize("n", [1, 2])
def test_every_application_has_its_own_metrics(model: Model, n: int) -> None:
    client = create_app(model).test_client()
    for _ in range(n):
        client.get("/health/live")
    request = (("endpoint", "health.live"), ("method", "GET"), ("status", "200"))
    assert samples(client)["hemavision_requests_total", request] == n
