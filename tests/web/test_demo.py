"""POST /predict: what clients of the usual Flask demos expect."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from hemavision import Model
from hemavision.records.cells import EIGHT_TYPES
from hemavision.records.results import NOTICE


@pytest.mark.parametrize("field", ["file", "image"])
def test_answers_in_the_demos_shape(
    client: FlaskClient, model: Model, cells: list[Path], field: str
) -> None:
    content = cells[0].read_bytes()
    answer = client.post("/predict", data={field: (io.BytesIO(content), "a.jpg")}).json
    prediction = model.predict(content)[0]
    assert answer["prediction"] == prediction.cell_type.upper()
    assert answer["confidence"] == pytest.approx(prediction.confidence, abs=1e-5)
    assert list(answer["probabilities"]) == [name.upper() for name in EIGHT_TYPES]
    assert answer["heatmap"].startswith("data:image/png;base64,")
    assert answer["notice"] == NOTICE


def test_takes_one_image(client: FlaskClient, good: bytes) -> None:
    response = client.post("/predict", data={"file": [(io.BytesIO(good), "a.jpg")] * 1 + [
        (io.BytesIO(good), "b.jpg")]})  # fmt: skip
    assert response.status_code == 422
    assert response.json["type"] == "/docs#too-many-images"


def test_takes_no_json(client: FlaskClient) -> None:
    response = client.post("/predict", json={"images": ["AAAA"]})
    assert response.status_code == 415
    assert "multipart/form-data" in response.json["detail"]


def test_takes_no_options(client: FlaskClient, good: bytes) -> None:
    response = client.post("/predict?opacity=1", data={"file": (io.BytesIO(good), "a.jpg")})
    assert response.status_code == 400
    assert "'opacity'" in response.json["detail"]
