"""POST /api/v1/live: one frame in, what is in it out; bad frames get words and harm nothing."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from fakes import FakeFinder
from fixtures_slide import Slide, SlideFinder, make_slide
from flask.testing import FlaskClient
from PIL import Image

from hemavision import Model
from hemavision.images.opening import open_image
from hemavision.reading.field import read_smear
from hemavision.records.results import NOTICE, CellKind
from hemavision.web import create_app

URL = "/api/v1/live"
JPEG = "image/jpeg"


@pytest.fixture(scope="module")
def slide(data: Path) -> Slide:
    return make_slide(data, columns=2, rows=1)


@pytest.fixture(scope="module")
def finder(slide: Slide) -> SlideFinder:
    return SlideFinder(slide)


@pytest.fixture(scope="module")
def live(model: Model, finder: SlideFinder) -> FlaskClient:
    return create_app(model, finder=finder).test_client()


def encoded(rgb: np.ndarray, **options: object) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(rgb).save(stream, "JPEG", quality=90, **options)
    return stream.getvalue()


def test_a_frame_s_answer_is_that_of_the_one_code_path(
    live: FlaskClient, model: Model, finder: SlideFinder, slide: Slide
) -> None:
    frame = encoded(slide.view(140, 0))
    response = live.post(URL, data=frame, content_type=JPEG)
    assert response.status_code == 200
    answer = response.json
    smear = read_smear(model, finder, open_image(frame).rgb)
    assert [cell["kind"] for cell in answer["cells"]] == [c.kind.value for c in smear.cells]
    assert [cell["cut"] for cell in answer["cells"]] == [c.cut for c in smear.cells]
    assert smear.predictions
    assert any(cell.cut for cell in smear.cells)
    named = [cell for cell in answer["cells"] if "type" in cell]
    for cell, prediction in zip(named, smear.predictions, strict=True):
        assert cell["type"] == prediction.cell_type
        assert cell["status"] == prediction.status.value
        assert cell["probabilities"] == pytest.approx(
            list(prediction.probabilities.values()), abs=1e-4
        )
        left, top, right, bottom = cell["heatmap_box"]
        box = prediction.box
        assert (left, top, right, bottom) == (box.left, box.top, box.right, box.bottom)
    assert answer["cell_types"] == list(model.manifest.cell_types)
    assert answer["model"]["sha256"] == model.reference.sha256
    assert answer["notice"] == NOTICE


def test_the_heatmap_is_the_named_type_s_with_its_peak_at_255(
    live: FlaskClient, model: Model, finder: SlideFinder, slide: Slide
) -> None:
    frame = encoded(slide.view(0, 0))
    cell = next(
        c for c in live.post(URL, data=frame, content_type=JPEG).json["cells"] if "type" in c
    )
    values = np.frombuffer(base64.b64decode(cell["heatmap"]["data"]), np.uint8)
    shape = (cell["heatmap"]["height"], cell["heatmap"]["width"])
    expected = read_smear(model, finder, open_image(frame).rgb).predictions[0].heatmap()
    assert shape == expected.shape
    assert values.max() == 255
    assert np.abs(values.reshape(shape) / 255 - expected / expected.max()).max() < 0.003


def test_it_is_short_and_says_how_long_it_took(live: FlaskClient, slide: Slide) -> None:
    response = live.post(URL, data=encoded(slide.view(0, 0)), content_type=JPEG)
    assert len(response.data) < 6000
    assert set(response.json["milliseconds"]) == {"decode", "detect", "classify"}
    assert all(value >= 0 for value in response.json["milliseconds"].values())
    assert response.headers["Cache-Control"] == "no-store"


def test_nothing_is_kept_between_two_frames(live: FlaskClient, slide: Slide) -> None:
    first, second = encoded(slide.view(0, 0)), encoded(slide.view(400, 0))
    once = live.post(URL, data=first, content_type=JPEG).json["cells"]
    live.post(URL, data=second, content_type=JPEG)
    assert live.post(URL, data=first, content_type=JPEG).json["cells"] == once


@pytest.mark.parametrize("level", [0, 128, 255], ids=["black", "grey", "overexposed"])
def test_a_frame_with_no_cell_has_none(model: Model, level: int) -> None:
    client = create_app(model, finder=FakeFinder()).test_client()
    plain = encoded(np.full((480, 640, 3), level, np.uint8))
    response = client.post(URL, data=plain, content_type=JPEG)
    assert response.status_code == 200
    assert response.json["cells"] == []


@pytest.mark.parametrize("case", ["grey_jpeg", "cmyk_jpeg", "exif_rotated_jpeg_6"])
def test_odd_frames_are_read(
    live: FlaskClient, bad_and_odd_images: dict[str, bytes], case: str
) -> None:
    response = live.post(URL, data=bad_and_odd_images[case], content_type=JPEG)
    assert response.status_code == 200
    height, width = open_image(bad_and_odd_images[case]).rgb.shape[:2]
    assert (response.json["width"], response.json["height"]) == (width, height)


@pytest.mark.parametrize(
    ("case", "kind", "status", "words"),
    [
        ("empty", "bad-image", 422, "The file is empty"),
        ("truncated_jpeg", "bad-image", 422, "damaged or cut short"),
        ("text_jpg", "bad-image", 422, "This is text"),
        ("bomb_png", "bad-image", 422, "megapixels"),
    ],
)
def test_a_bad_frame_gets_a_problem(
    live: FlaskClient,
    bad_and_odd_images: dict[str, bytes],
    case: str,
    kind: str,
    status: int,
    words: str,
) -> None:
    response = live.post(URL, data=bad_and_odd_images[case], content_type=JPEG)
    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json["type"] == f"/docs#{kind}"
    assert words in response.json["detail"]


@pytest.mark.parametrize("kind", ["image/png", "multipart/form-data", "application/json", None])
def test_only_a_jpeg_body_is_taken(live: FlaskClient, good: bytes, kind: str | None) -> None:
    response = live.post(URL, data=good, content_type=kind)
    assert response.status_code == 415
    assert "Content-Type: image/jpeg" in response.json["detail"]


def test_without_a_detector_it_says_so(model: Model, good: bytes) -> None:
    app = create_app(model)
    app.extensions["hemavision"].detector = None
    response = app.test_client().post(URL, data=good, content_type=JPEG)
    assert response.status_code == 503
    assert response.json["type"] == "/docs#no-detector"


def test_white_cells_are_counted_in_the_metrics(live: FlaskClient, slide: Slide) -> None:
    def counted() -> float:
        lines = live.get("/metrics").text.splitlines()
        return sum(
            float(line.split()[-1])
            for line in lines
            if line.startswith("hemavision_predictions_total")
        )

    before = counted()
    answer = live.post(URL, data=encoded(slide.view(0, 0)), content_type=JPEG).json
    white = [cell for cell in answer["cells"] if cell["kind"] == CellKind.WHITE.value]
    assert white
    assert counted() == before + len(white)


def test_the_page_may_use_the_camera_and_nothing_else(live: FlaskClient) -> None:
    response = live.get("/live")
    assert response.status_code == 200
    assert NOTICE in response.text
    policy = response.headers["Permissions-Policy"]
    assert "camera=(self)" in policy
    assert "microphone=()" in policy
