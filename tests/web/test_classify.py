"""POST /api/v1/classify with sound requests."""

from __future__ import annotations

import base64
import io
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import requests
from flask.testing import FlaskClient
from PIL import Image

from hemavision import Model, Prediction
from hemavision.images.opening import open_image
from hemavision.reading.explaining import overlay
from hemavision.records.results import NOTICE

URL = "/api/v1/classify"


def parts(files: list[Path], **options: str) -> dict[str, object]:
    return {"images": [(io.BytesIO(f.read_bytes()), f.name) for f in files], **options}


def picture(address: str) -> np.ndarray:
    head, encoded = address.split(",")
    assert head == "data:image/png;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(encoded))))


def same(ours: Prediction, theirs: dict[str, object]) -> bool:
    """Equal but for the time, and for what another batch size rounds differently."""
    read = Prediction.from_json(theirs)
    return (
        (ours.cell_type, ours.box, ours.status, ours.model, ours.width, ours.height)
        == (read.cell_type, read.box, read.status, read.model, read.width, read.height)
    ) and np.allclose(
        list(ours.probabilities.values()), list(read.probabilities.values()), atol=1e-5
    )


def test_one_image_answers_as_the_python_package_does(
    client: FlaskClient, model: Model, cells: list[Path]
) -> None:
    for cell in cells:
        response = client.post(URL, data=parts([cell]))
        assert response.status_code == 200
        assert response.json["notice"] == NOTICE
        (item,) = response.json["results"]
        assert set(item) == {"filename", "notes", "prediction"}
        assert item["filename"] == cell.name
        assert same(model.predict(cell)[0], item["prediction"])


def test_many_images_answer_in_order(client: FlaskClient, model: Model, data: Path) -> None:
    files = sorted((data / "kaggle_wbc" / "TEST_SIMPLE").rglob("*.jpeg"))[:8]
    items = client.post(URL, data=parts(files)).json["results"]
    assert [item["filename"] for item in items] == [file.name for file in files]
    for file, item in zip(files, items, strict=True):
        assert same(model.predict(file)[0], item["prediction"])


@pytest.mark.parametrize("field", ["images", "image", "file"])
def test_the_file_may_have_any_of_the_three_names(
    client: FlaskClient, cells: list[Path], field: str
) -> None:
    response = client.post(URL, data={field: (io.BytesIO(cells[0].read_bytes()), "a.jpg")})
    assert response.json["results"][0]["filename"] == "a.jpg"


def test_json_gives_the_same_as_multipart(client: FlaskClient, cells: list[Path]) -> None:
    encoded = [base64.b64encode(cell.read_bytes()).decode() for cell in cells]
    images = [encoded[0], {"filename": "b.jpg", "data": encoded[1]}, {"data": encoded[2]}]
    by_json = client.post(URL, json={"images": images, "heatmaps": "raw"}).json["results"]
    by_form = client.post(URL, data=parts(cells[:3], heatmaps="raw")).json["results"]
    assert [item["filename"] for item in by_json] == ["image-1", "b.jpg", "image-3"]
    for one, other in zip(by_json, by_form, strict=True):
        assert one["heatmaps"] == other["heatmaps"]
        assert one["prediction"]["probabilities"] == other["prediction"]["probabilities"]


def test_raw_heatmaps_are_the_models_to_five_digits(
    client: FlaskClient, model: Model, cells: list[Path]
) -> None:
    item = client.post(URL, data=parts(cells[:1], heatmaps="raw")).json["results"][0]
    assert "overlay" not in item
    maps = item["heatmaps"]
    expected = model.predict(cells[0])[0]
    assert maps["cell_types"] == list(model.manifest.cell_types)
    assert maps["box"] == item["prediction"]["box"]
    values = np.asarray(maps["values"])
    assert values.shape == expected.heatmaps.shape
    assert (maps["height"], maps["width"]) == values.shape[1:]
    np.testing.assert_allclose(values, expected.heatmaps, rtol=1e-4, atol=1e-9)
    assert max(len(repr(v)) for v in values.ravel().tolist()) <= len("1.2345e-10")


def test_the_overlay_is_the_packages_at_the_originals_size(
    client: FlaskClient, model: Model, cells: list[Path]
) -> None:
    item = client.post(URL, data=parts(cells[:1], heatmaps="overlay")).json["results"][0]
    assert "heatmaps" not in item
    rgb = open_image(cells[0]).rgb
    prediction = model.predict(cells[0])[0]
    expected = overlay(rgb, prediction.heatmap(), prediction.box)
    np.testing.assert_array_equal(picture(item["overlay"]), expected)


def test_class_and_opacity_change_the_overlay(
    client: FlaskClient, model: Model, cells: list[Path]
) -> None:
    prediction = model.predict(cells[0])[0]
    other = min(prediction.probabilities, key=prediction.probabilities.__getitem__)
    options = {"heatmaps": "all", "cell_type": other, "opacity": "0.75"}
    item = client.post(URL, data=parts(cells[:1], **options)).json["results"][0]
    rgb = open_image(cells[0]).rgb
    expected = overlay(rgb, prediction.heatmap(other), prediction.box, 0.75)
    np.testing.assert_array_equal(picture(item["overlay"]), expected)
    assert set(item) == {"filename", "notes", "prediction", "heatmaps", "overlay"}


def test_opacity_zero_is_the_original(client: FlaskClient, cells: list[Path]) -> None:
    options = {"heatmaps": "overlay", "opacity": "0"}
    item = client.post(URL, data=parts(cells[:1], **options)).json["results"][0]
    np.testing.assert_array_equal(picture(item["overlay"]), open_image(cells[0]).rgb)


def test_options_in_the_query_count_and_the_bodys_win(
    client: FlaskClient, cells: list[Path]
) -> None:
    by_query = client.post(f"{URL}?heatmaps=raw", data=parts(cells[:1])).json["results"][0]
    assert "heatmaps" in by_query
    both = client.post(f"{URL}?heatmaps=raw", data=parts(cells[:1], heatmaps="none"))
    assert "heatmaps" not in both.json["results"][0]


def test_the_body_is_strict_json(client: FlaskClient, cells: list[Path]) -> None:
    body = client.post(URL, data=parts(cells, heatmaps="all")).get_data(as_text=True)
    json.loads(body, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


def test_clients_at_once_each_get_their_own_answer(
    served: str, model: Model, cells: list[Path]
) -> None:
    expected = [model.predict(cell)[0] for cell in cells]

    def ask(number: int) -> dict[str, object]:
        cell = cells[number % len(cells)]
        files = {"images": (cell.name, cell.read_bytes())}
        return requests.post(served + URL, files=files, timeout=120).json()["results"][0]

    with ThreadPoolExecutor(6) as pool:
        items = list(pool.map(ask, range(12)))
    for number, item in enumerate(items):
        assert item["filename"] == cells[number % len(cells)].name
        assert same(expected[number % len(cells)], item["prediction"])
