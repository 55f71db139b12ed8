"""What a model says of a cell's looks reaches the client: words, numbers, maps of every value."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from fakes import FakeEngine
from flask.testing import FlaskClient
from PIL import Image

from hemavision import Model
from hemavision.images.opening import open_image
from hemavision.reading.explaining import overlay
from hemavision.records.results import ModelReference
from hemavision.web import create_app

URL = "/api/v1/classify"
LOOKS = {"granule_colour": ("red", "pink", "nil"), "granule_type": ("round", "small")}


@pytest.fixture(scope="module")
def fake() -> Model:
    return Model(FakeEngine(morphology=LOOKS), ModelReference("fake", "0" * 64))


@pytest.fixture(scope="module")
def speaking(fake: Model) -> FlaskClient:
    return create_app(fake).test_client()


def send(client: FlaskClient, path: Path, **options: str):
    with path.open("rb") as stream:
        return client.post(URL, data={"images": [(stream, path.name)], **options})


def test_every_value_has_its_probability_and_the_best_its_words(speaking, cells) -> None:
    prediction = send(speaking, cells[0]).json["results"][0]["prediction"]
    assert set(prediction["morphology"]["granule_colour"]) == {"red", "pink", "nil"}
    assert sum(prediction["morphology"]["granule_type"].values()) == pytest.approx(1)
    assert prediction["reasons"]["seen"] == "round red granules"
    assert {r["words"] for r in prediction["reasons"]["attributes"]} == {
        "red granules",
        "round granules",
    }
    assert 0 <= prediction["familiarity"] <= 1


def test_raw_maps_hold_every_value(speaking, fake, cells) -> None:
    maps = send(speaking, cells[0], heatmaps="raw").json["results"][0]["heatmaps"]
    expected = fake.predict(cells[0])[0].morphology_heatmaps["granule_colour"]
    colour = maps["morphology"]["granule_colour"]
    assert colour["names"] == ["red", "pink", "nil"]
    np.testing.assert_allclose(colour["values"], expected, rtol=1e-4)


def test_the_overlay_shows_the_value_that_was_asked_for(speaking, fake, cells) -> None:
    options = {"heatmaps": "overlay", "attribute": "granule_colour=red"}
    item = send(speaking, cells[0], **options).json["results"][0]
    prediction = fake.predict(cells[0])[0]
    heatmap = prediction.heatmap("granule_colour", "red")
    expected = overlay(open_image(cells[0]).rgb, heatmap, prediction.box)
    png = base64.b64decode(item["overlay"].partition(",")[2])
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(png))), expected)


def test_an_unknown_value_is_refused_with_what_is_known(speaking, cells) -> None:
    answer = send(speaking, cells[0], attribute="granule_colour=green")
    assert answer.status_code == 400
    assert "granule_colour=red" in answer.json["detail"]


def test_a_model_without_attributes_says_so(cells: list[Path]) -> None:
    answer = send(create_app(plain()).test_client(), cells[0], attribute="granule_colour=red")
    assert answer.status_code == 400
    assert "knows none" in answer.json["detail"]


def test_the_description_lists_the_values(speaking) -> None:
    paths = speaking.get("/api/v1/openapi.json").json["paths"]
    options = paths["/api/v1/classify"]["post"]["parameters"]
    schema = next(option["schema"] for option in options if option["name"] == "attribute")
    assert "granule_type=small" in schema["enum"]


def plain() -> Model:
    return Model(FakeEngine(), ModelReference("fake", "0" * 64))
