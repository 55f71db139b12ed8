"""Options of classify: what cannot be used is refused with what can."""

from __future__ import annotations

import io
import math
from typing import Any

import pytest
from flask.testing import FlaskClient

URL = "/api/v1/classify"
WRONG = [
    ({"heatmaps": "jet"}, "'jet'; it must be one of none, overlay, raw, all"),
    ({"heatmaps": ""}, "''; it must be one of none, overlay, raw, all"),
    ({"cell_type": "blast"}, "one of neutrophil, eosinophil, basophil, lymphocyte"),
    ({"opacity": "1.01"}, "a number from 0 to 1"),
    ({"opacity": "-0.1"}, "a number from 0 to 1"),
    ({"opacity": "nan"}, "a number from 0 to 1"),
    ({"opacity": "1_0"}, "a number from 0 to 1"),
    ({"opacity": "٠"}, "a number from 0 to 1"),
    ({"opacity": "half"}, "'half'; it must be a number from 0 to 1"),
    ({"heatmap": "raw"}, "'heatmap'"),
]
WRONG_JSON: list[tuple[dict[str, Any], str]] = [
    ({"opacity": "0.5"}, "a number from 0 to 1"),
    ({"opacity": True}, "a number from 0 to 1"),
    ({"opacity": math.nan}, "a number from 0 to 1"),
    ({"opacity": 10**400}, "a number from 0 to 1"),
    ({"opacity": None}, "a number from 0 to 1"),
    ({"heatmaps": ["raw"]}, "one of none, overlay, raw, all"),
    ({"cell_type": None}, "one of neutrophil"),
    ({"colour": "jet"}, "'colour'"),
]


def assert_refused(response: Any, says: str) -> None:
    assert response.status_code == 400
    assert response.mimetype == "application/problem+json"
    assert response.json["type"] == "/docs#bad-option"
    assert says in response.json["detail"]


@pytest.mark.parametrize(("options", "says"), WRONG)
def test_in_a_form(client: FlaskClient, good: bytes, options: dict[str, str], says: str) -> None:
    response = client.post(URL, data={"images": (io.BytesIO(good), "a.jpg"), **options})
    assert_refused(response, says)


@pytest.mark.parametrize(("options", "says"), WRONG)
def test_in_the_query(client: FlaskClient, good: bytes, options: dict[str, str], says: str) -> None:
    files = {"images": (io.BytesIO(good), "a.jpg"), "heatmaps": "none"}
    assert_refused(client.post(URL, query_string=options, data=files), says)


@pytest.mark.parametrize(("options", "says"), WRONG_JSON)
def test_in_json(client: FlaskClient, options: dict[str, Any], says: str) -> None:
    assert_refused(client.post(URL, json={"images": ["AAAA"], **options}), says)


def test_an_option_given_twice_is_refused(client: FlaskClient, good: bytes) -> None:
    data = {"images": (io.BytesIO(good), "a.jpg"), "heatmaps": ["raw", "none"]}
    assert_refused(client.post(URL, data=data), "heatmaps is given 2 times")
