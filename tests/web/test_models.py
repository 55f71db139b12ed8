"""GET /api/v1/models."""

from __future__ import annotations

from flask import Flask
from flask.testing import FlaskClient

from hemavision import Model, open_model
from hemavision.reading.bundle import sha256_of, shipped_bundles
from hemavision.records.results import NOTICE
from hemavision.web import create_app


def test_lists_the_answering_model_first_and_every_shipped_one(
    client: FlaskClient, model: Model
) -> None:
    answer = client.get("/api/v1/models").json
    first, *others = answer["models"]
    assert answer["notice"] == NOTICE
    assert first["default"] is True
    assert first["sha256"] == model.reference.sha256
    assert first["cell_types"] == list(model.manifest.cell_types)
    assert first["metrics"] == model.manifest.metrics
    assert not any(other["default"] for other in others)
    shipped = {sha256_of(path.read_bytes()) for path in shipped_bundles()}
    assert {entry["sha256"] for entry in answer["models"]} == shipped


def test_another_model_answers_where_it_was_chosen() -> None:
    app: Flask = create_app(open_model("seed"))
    models = app.test_client().get("/api/v1/models").json["models"]
    assert [entry["name"] for entry in models if entry["default"]] == ["seed"]
