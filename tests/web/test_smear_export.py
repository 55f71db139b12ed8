"""POST /api/v1/smears/export: files for other programs."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from bccd_fields import TWO_WHITE, finder_of, path_of, picture
from flask.testing import FlaskClient

from hemavision import Model
from hemavision.exports.forms import FORMS, export
from hemavision.reading.field import read_smear
from hemavision.reading.found import NamedSmear

URL = "/api/v1/smears/export"


@pytest.fixture(scope="module")
def result(model: Model, data: Path) -> dict[str, Any]:
    smear = read_smear(model, finder_of(data, TWO_WHITE), picture(data, TWO_WHITE))
    return {"filename": TWO_WHITE, "smear": json.loads(json.dumps(smear.to_json()))}


@pytest.mark.parametrize("form", FORMS)
def test_each_form_is_the_packages(client: FlaskClient, result: dict[str, Any], form: str) -> None:
    from hemavision.reading.found import Smear

    response = client.post(URL, json={"format": form, "results": [result]})
    assert response.status_code == 200
    file = export(form, [NamedSmear(TWO_WHITE, Smear.from_json(result["smear"]))])
    assert response.headers["Content-Type"] == file.media_type
    name = f'attachment; filename="BloodImage_00010{file.suffix}"'
    assert response.headers["Content-Disposition"] == name
    if file.suffix == ".zip":
        ours, theirs = (zipfile.ZipFile(io.BytesIO(c)) for c in (response.data, file.content))
        assert ours.namelist() == theirs.namelist()
        assert [ours.read(n) for n in ours.namelist()] == [theirs.read(n) for n in ours.namelist()]
    else:
        assert response.data == file.content


def test_an_answer_can_be_sent_as_it_came(client: FlaskClient, data: Path) -> None:
    files = {"images": (io.BytesIO(path_of(data, TWO_WHITE).read_bytes()), TWO_WHITE)}
    answer = client.post("/api/v1/smears?heatmaps=raw", data=files).json
    response = client.post(f"{URL}?format=csv", json={"results": answer["results"]})
    assert response.status_code == 200
    rows = response.get_data(as_text=True).splitlines()
    assert len(rows) == 1 + len(answer["results"][0]["smear"]["cells"])


def test_several_fields_come_as_one_file(client: FlaskClient, result: dict[str, Any]) -> None:
    other = result | {"filename": "b/../c.jpg"}
    response = client.post(URL, json={"format": "voc", "results": [result, other]})
    assert "hemavision-fields.zip" in response.headers["Content-Disposition"]
    names = zipfile.ZipFile(io.BytesIO(response.data)).namelist()
    assert names == ["BloodImage_00010.xml", "b/c.xml"]


@pytest.mark.parametrize("name", ['a"; x=".jpg', "\r\nX: 1.png", "../../etc/x", "血液", "\udcff"])
def test_a_file_name_cannot_leave_its_header(
    client: FlaskClient, result: dict[str, Any], name: str
) -> None:
    response = client.post(URL, json={"format": "csv", "results": [result | {"filename": name}]})
    assert response.status_code == 200
    said = response.headers["Content-Disposition"]
    head, _, rest = said.partition('filename="')
    assert head == "attachment; "
    assert rest.endswith('.csv"')
    assert set(rest[:-1]).isdisjoint('"/\\;\r\n')
    assert rest.isascii()


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        ({"format": "xls", "results": []}, 400, "bad-option"),
        ({"format": ["csv"], "results": []}, 400, "bad-option"),
        ({"results": []}, 400, "bad-option"),
        ({"format": "csv"}, 400, "bad-request"),
        ({"format": "csv", "results": []}, 400, "bad-request"),
        ({"format": "csv", "results": {}}, 400, "bad-request"),
        ({"format": "csv", "results": [], "x": 1}, 400, "bad-request"),
        ([], 400, "bad-request"),
        ({"format": "csv", "results": [1]}, 422, "bad-smear"),
        ({"format": "csv", "results": [{"filename": "a", "smear": None}]}, 422, "bad-smear"),
        ({"format": "csv", "results": [{"filename": "a", "error": {}}]}, 422, "bad-smear"),
    ],
)
def test_what_is_no_request_is_refused(
    client: FlaskClient, body: Any, status: int, kind: str
) -> None:
    response = client.post(URL, json=body)
    assert response.status_code == status
    assert response.json["type"] == f"/docs#{kind}"
    assert len(response.json["detail"]) > 20


@pytest.mark.parametrize("text", ["{", '{"format": "csv", "results": ' + "[" * 100_000, "", "\xff"])
def test_what_is_no_json_is_refused(client: FlaskClient, text: str) -> None:
    response = client.post(URL, data=text.encode("latin-1"), content_type="application/json")
    assert response.status_code == 400


def test_another_kind_of_body_is_refused(client: FlaskClient) -> None:
    response = client.post(URL, data={"format": "csv"})
    assert response.status_code == 415


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_numbers_that_json_does_not_know_are_refused(
    client: FlaskClient, result: dict[str, Any], form: str, number: str
) -> None:
    text = json.dumps({"format": form, "results": [result]})
    confidence = json.dumps(result["smear"]["cells"][0]["prediction"]["confidence"])
    changed = text.replace(f'"confidence": {confidence}', f'"confidence": {number}')
    assert changed != text
    response = client.post(URL, data=changed, content_type="application/json")
    assert response.status_code == 422
    assert response.json["type"] == "/docs#bad-smear"
