"""POST /api/v1/smears: whole fields through REST."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path

import numpy as np
import pytest
from bccd_fields import TWO_WHITE, finder_of, path_of, picture, train_fields, true_cells
from fixtures_images import BAD, ODD, file_name
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

from hemavision import Model
from hemavision.reading.field import overlay_cell, read_smear
from hemavision.reading.found import Smear
from hemavision.records.results import NOTICE, CellKind
from hemavision.web import create_app

URL = "/api/v1/smears"


@pytest.fixture(scope="module")
def fields_app(model: Model, data: Path) -> Flask:
    """An application whose finder knows three fields by heart."""
    finder = finder_of(data, TWO_WHITE, *train_fields(data)[:2])
    return create_app(model, finder=finder)


@pytest.fixture
def ask(fields_app: Flask) -> FlaskClient:
    return fields_app.test_client()


def parts(data: Path, *names: str, **options: str) -> dict[str, object]:
    files = [(io.BytesIO(path_of(data, name).read_bytes()), name) for name in names]
    return {"images": files, **options}


def test_a_field_answers_as_the_python_package_does(
    ask: FlaskClient, model: Model, data: Path
) -> None:
    response = ask.post(URL, data=parts(data, TWO_WHITE))
    assert response.status_code == 200
    assert response.json["notice"] == NOTICE
    (item,) = response.json["results"]
    assert set(item) == {"filename", "notes", "smear"}
    expected = read_smear(model, finder_of(data, TWO_WHITE), picture(data, TWO_WHITE))
    read = Smear.from_json(item["smear"])
    assert read.counts == expected.counts
    assert read.differential == expected.differential
    assert read.sharpness == expected.sharpness
    for one, other in zip(read.cells, expected.cells, strict=True):
        assert (one.kind, one.box, one.cut, one.clumped) == (
            other.kind, other.box, other.cut, other.clumped,
        )  # fmt: skip
    for mine, theirs in zip(read.predictions, expected.predictions, strict=True):
        assert mine.probabilities == pytest.approx(theirs.probabilities, abs=1e-5)
        assert mine.box == theirs.box


def test_fields_answer_in_order_and_a_bad_one_harms_no_other(
    ask: FlaskClient, data: Path, bad_and_odd_images: dict[str, bytes]
) -> None:
    names = (TWO_WHITE, *train_fields(data)[:2])
    form = parts(data, *names)
    for place, case in enumerate(BAD):
        form["images"].insert(place, (io.BytesIO(bad_and_odd_images[case]), file_name(case)))
    results = ask.post(URL, data=form).json["results"]
    assert [item["filename"] for item in results] == [*map(file_name, BAD), *names]
    for item in results[: len(BAD)]:
        assert set(item) == {"filename", "error"}
        assert len(item["error"]["detail"]) > 20
    for item, name in zip(results[len(BAD) :], names, strict=True):
        assert len(item["smear"]["cells"]) == len(true_cells(data, name))


def test_odd_images_are_fields_too(ask: FlaskClient, bad_and_odd_images: dict[str, bytes]) -> None:
    files = [(io.BytesIO(bad_and_odd_images[case]), file_name(case)) for case in ODD]
    for item in ask.post(URL, data={"images": files}).json["results"]:
        assert item["smear"]["cells"] == []
        assert "no-cells" in {w["code"] for w in item["smear"]["warnings"]}


def test_if_no_image_can_be_read_it_is_a_problem(
    ask: FlaskClient, bad_and_odd_images: dict[str, bytes]
) -> None:
    response = ask.post(URL, data={"images": (io.BytesIO(bad_and_odd_images["empty"]), "a.jpg")})
    assert response.status_code == 422
    assert response.json["type"] == "/docs#no-image-readable"


def test_a_black_field_is_answered_with_a_warning(ask: FlaskClient) -> None:
    stream = io.BytesIO()
    Image.new("RGB", (640, 480)).save(stream, "PNG")
    stream.seek(0)
    (item,) = ask.post(URL, data={"images": (stream, "black.png")}).json["results"]
    assert [w["code"] for w in item["smear"]["warnings"]] == ["under-exposed", "no-cells"]


def test_heatmaps_come_only_where_asked_for(ask: FlaskClient, data: Path) -> None:
    for option, wanted in (
        ("none", set()),
        ("raw", {"heatmap"}),
        ("overlay", {"overlay"}),
        ("all", {"heatmap", "overlay"}),
    ):
        (item,) = ask.post(URL, data=parts(data, TWO_WHITE, heatmaps=option)).json["results"]
        for cell in item["smear"]["cells"]:
            white = cell["kind"] == CellKind.WHITE
            assert set(cell) & {"heatmap", "overlay"} == (wanted if white else set())


def test_heatmap_and_overlay_are_the_packages(ask: FlaskClient, model: Model, data: Path) -> None:
    rgb = picture(data, TWO_WHITE)
    expected = read_smear(model, finder_of(data, TWO_WHITE), rgb).predictions
    form = parts(data, TWO_WHITE, heatmaps="all", opacity="0.7")
    (item,) = ask.post(URL, data=form).json["results"]
    cells = [cell for cell in item["smear"]["cells"] if cell["prediction"]]
    for cell, prediction in zip(cells, expected, strict=True):
        assert cell["heatmap"]["box"] == cell["prediction"]["box"]
        np.testing.assert_allclose(
            cell["heatmap"]["values"], prediction.heatmap(), rtol=1e-3, atol=1e-6
        )
        head, encoded = cell["overlay"].split(",")
        assert head == "data:image/png;base64"
        drawn = np.asarray(Image.open(io.BytesIO(base64.b64decode(encoded)))).astype(int)
        wanted = overlay_cell(rgb, prediction, 0.7)[0].astype(int)
        assert np.abs(drawn - wanted).max() <= 8


def test_json_gives_the_same_as_multipart(ask: FlaskClient, data: Path) -> None:
    content = base64.b64encode(path_of(data, TWO_WHITE).read_bytes()).decode()
    (one,) = ask.post(URL, json={"images": [content]}).json["results"]
    (other,) = ask.post(URL, data=parts(data, TWO_WHITE)).json["results"]
    for key in ("counts", "differential", "estimates", "sharpness"):
        assert one["smear"][key] == other["smear"][key]


def test_the_body_is_strict_json(ask: FlaskClient, data: Path) -> None:
    body = ask.post(URL, data=parts(data, TWO_WHITE, heatmaps="raw")).get_data(as_text=True)
    json.loads(body, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


@pytest.mark.parametrize(
    "options", [{"heatmaps": "some"}, {"opacity": "2"}, {"cell_type": "neutrophil"}, {"x": "1"}]
)
def test_options_that_make_no_sense_are_refused(
    ask: FlaskClient, data: Path, options: dict[str, str]
) -> None:
    response = ask.post(URL, data=parts(data, TWO_WHITE, **options))
    assert response.status_code == 400
    assert response.json["type"] == "/docs#bad-option"


def test_white_cells_are_counted_in_the_metrics(ask: FlaskClient, data: Path) -> None:
    def count() -> float:
        lines = ask.get("/metrics").get_data(as_text=True).splitlines()
        found = [line for line in lines if line.startswith("hemavision_predictions_total")]
        return sum(float(line.split()[-1]) for line in found)

    before = count()
    ask.post(URL, data=parts(data, TWO_WHITE))
    assert count() == before + 2


def test_without_a_detector_the_rest_works(
    model: Model, data: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("hemavision.web.FOLDER", tmp_path)
    client = create_app(model).test_client()
    response = client.post(URL, data=parts(data, TWO_WHITE))
    assert response.status_code == 503
    assert response.json["type"] == "/docs#no-detector"
    assert "HEMAVISION_DETECTOR" in response.json["detail"]
    assert client.post("/api/v1/classify", data=parts(data, TWO_WHITE)).status_code == 200


def test_a_detector_that_is_named_but_not_there_stops_the_start(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hemavision.errors import BundleError

    monkeypatch.setenv("HEMAVISION_DETECTOR", "/nowhere/cells.onnx")
    with pytest.raises(BundleError, match="nowhere"):
        create_app(model)


def test_the_shipped_detector_answers(client: FlaskClient, data: Path) -> None:
    (item,) = client.post(URL, data=parts(data, TWO_WHITE)).json["results"]
    assert item["smear"]["detector"]["name"] == "cells"
    assert item["smear"]["counts"]["white_cell"] >= 1
    assert item["smear"]["counts"]["red_cell"] >= 8
