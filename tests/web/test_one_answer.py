"""The same box of a field gets the same answer on every page, command and case."""

from __future__ import annotations

import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bccd_fields import path_of, train_fields
from click.testing import CliRunner
from fakes import FakeFinder
from flask.testing import FlaskClient
from PIL import Image, ImageDraw

from hemavision import Model, open_detector
from hemavision.cli import main
from hemavision.reading.finding.detector import Finder
from hemavision.records.results import Detection
from hemavision.store import Store
from hemavision.web import create_app

API = "/api/v1"
DIGITS = 4
Edges = tuple[int, int, int, int]
#: Box → type, status, confidence to four digits.
Answers = dict[Edges, tuple[str, str, float]]


@pytest.fixture(scope="module")
def finder() -> Finder:
    return open_detector()


def edges(box: dict[str, int]) -> Edges:
    return box["left"], box["top"], box["right"], box["bottom"]


def said(prediction: dict[str, Any]) -> tuple[str, str, float]:
    confidence = round(prediction["confidence"], DIGITS)
    return prediction["cell_type"], prediction["status"], confidence


def of_smear(smear: dict[str, Any]) -> Answers:
    """What a field's white cells are called, those that the border cuts as well."""
    cells = [cell for cell in smear["cells"] if cell.get("prediction")]
    return {edges(cell["box"]): said(cell["prediction"]) for cell in cells}


def by_command(path: Path) -> Answers:
    done = CliRunner().invoke(main, ["detect", str(path), "--json"])
    assert done.exit_code == 0, done.output
    return of_smear(json.loads(done.stdout))


def by_smear_page(client: FlaskClient, content: bytes) -> Answers:
    given = {"images": (io.BytesIO(content), "field.jpg")}
    return of_smear(client.post(f"{API}/smears", data=given).json["results"][0]["smear"])


def by_live_page(client: FlaskClient, content: bytes) -> Answers:
    frame = client.post(f"{API}/live", data=content, content_type="image/jpeg").json
    named = [cell for cell in frame["cells"] if "type" in cell]
    return {tuple(c["box"]): (c["type"], c["status"], c["confidence"]) for c in named}


def by_case(client: FlaskClient, content: bytes) -> Answers:
    case = client.post(f"{API}/cases", json={"name": "One"}).json["case"]["id"]
    given = {"images": (io.BytesIO(content), "field.jpg")}
    client.post(f"{API}/cases/{case}/images", data=given)
    cells = client.get(f"{API}/cases/{case}/cells").json["cells"]
    return {edges(cell["box"]): said(cell["suggestion"]) for cell in cells}


def by_cell_page(client: FlaskClient, content: bytes) -> dict[str, Any]:
    given = {"images": (io.BytesIO(content), "field.jpg")}
    answer: dict[str, Any] = client.post(f"{API}/classify", data=given).json["results"][0]
    return answer["prediction"]


def test_a_server_has_one_detector(model: Model) -> None:
    """What finds the cells of a field finds the small cell of a picture, too."""
    asked: list[tuple[int, ...]] = []

    class Hearing(FakeFinder):
        def find(self, rgb: np.ndarray, *, um_per_px: float | None = None) -> list[Detection]:
            asked.append(rgb.shape)
            return super().find(rgb)

    picture = Image.new("RGB", (320, 240), (228, 214, 222))
    ImageDraw.Draw(picture).ellipse((80, 70, 104, 94), fill=(96, 48, 140))
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    by_cell_page(create_app(model, finder=Hearing()).test_client(), stream.getvalue())
    assert asked == [(240, 320, 3)]


@pytest.mark.parametrize("fields", [4, pytest.param(100, marks=pytest.mark.long)])
def test_a_box_gets_one_answer_wherever_it_is_asked_for(
    model: Model,
    finder: Finder,
    store: Store,
    data: Path,
    fields: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("hemavision.reading.finding.detector.open_detector", lambda name: finder)
    monkeypatch.setattr("hemavision.reading.cell.open_model", lambda name: model)
    client = create_app(model.found_by(finder), finder=finder, store=store).test_client()
    boxes: Counter[str] = Counter()
    for name in train_fields(data)[:fields]:
        path = path_of(data, name)
        content = path.read_bytes()
        page = by_smear_page(client, content)
        assert by_command(path) == page, name
        assert by_live_page(client, content) == page, name
        case = by_case(client, content)
        assert case == {box: page[box] for box in case}, name
        boxes["named"] += len(page)
        boxes["whole"] += len(case)
        # Asked for one cell of a field, the answer is that of one of its boxes.
        if page:
            boxes["meant"] += 1
            assert said(by_cell_page(client, content)) in page.values(), name
    assert boxes["named"] >= boxes["whole"] >= fields / 2
    assert boxes["meant"] >= fields / 2
