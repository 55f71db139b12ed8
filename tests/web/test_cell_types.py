"""GET /api/v1/cell-types."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from hemavision import Model
from hemavision.errors import SettingsError
from hemavision.records.cells import EIGHT_TYPES
from hemavision.records.reference import load_profile
from hemavision.web import create_app

URL = "/api/v1/cell-types"
OURS = """
name = "ours"
title = "Our laboratory"
source = "Our validation study"
[cell_types.monocyte]
percent = [3, 9]
"""


def test_default_profile(client: FlaskClient) -> None:
    answer = client.get(URL).json
    assert answer["profile"] == "default"
    expected = [cell.described().to_json() for cell in load_profile("default").cell_types]
    ranged, rest = answer["cell_types"][: len(expected)], answer["cell_types"][len(expected) :]
    assert ranged == expected
    assert {cell["name"]: cell["percent"] for cell in ranged} == {
        "eosinophil": [1, 4],
        "lymphocyte": [20, 40],
        "monocyte": [2, 8],
        "neutrophil": [55, 70],
    }
    assert {cell["name"] for cell in rest} == set(EIGHT_TYPES) - {cell["name"] for cell in ranged}
    assert all(cell["percent"] is None and cell["function"] for cell in rest)


def test_another_profile_by_name(client: FlaskClient) -> None:
    answer = client.get(URL, query_string={"profile": "adult-uk"}).json
    basophil = answer["cell_types"][0]
    assert answer["profile"] == "adult-uk"
    assert (basophil["name"], basophil["absolute"]) == ("basophil", [0.02, 0.1])
    assert basophil["absolute_unit"] == "10^9/L"
    assert "Dorset" in basophil["source"]


@pytest.mark.parametrize("profile", ["mars", "", "../profiles/default", "/etc/passwd"])
def test_an_unknown_profile_is_refused_with_the_known_ones(
    client: FlaskClient, profile: str
) -> None:
    response = client.get(URL, query_string={"profile": profile})
    assert response.status_code == 400
    assert "adult-uk, default" in response.json["detail"]


def test_an_unknown_parameter_is_refused(client: FlaskClient) -> None:
    assert "'profil'" in client.get(f"{URL}?profil=default").json["detail"]


def test_a_laboratorys_own_file(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "ours.toml"
    file.write_text(OURS)
    monkeypatch.setenv("HEMAVISION_REFERENCE", str(file))
    client = create_app(model).test_client()
    answer = client.get(URL).json
    assert answer["profile"] == "ours"
    ranges = {cell["name"]: cell["percent"] for cell in answer["cell_types"]}
    assert ranges == dict.fromkeys(EIGHT_TYPES) | {"monocyte": [3, 9]}
    assert client.get(f"{URL}?profile=default").json["profile"] == "default"


def test_a_bad_file_stops_the_start(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "bad.toml"
    file.write_text(OURS.replace("[3, 9]", "[9, 3]"))
    monkeypatch.setenv("HEMAVISION_REFERENCE", str(file))
    with pytest.raises(SettingsError, match=r"must be \[low, high\]"):
        create_app(model)
