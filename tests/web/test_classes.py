"""A case is read with the classes that there were when it was made, through every answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fixtures_cases import at_once, cells_of, make_model, new_image
from flask.testing import FlaskClient

from hemavision.errors import SettingsError
from hemavision.store import Store, open_store
from hemavision.store.cases import find_case
from hemavision.store.images import add_image
from hemavision.store.verification import verify
from hemavision.web import create_app

#: What the fake model calls every cell.
SUGGESTED = "neutrophil"


@pytest.fixture
def store(blank_file: Any, tmp_path: Path) -> Iterator[Store]:
    path = tmp_path / "store.sqlite"
    path.write_bytes(blank_file.read_bytes())
    opened = open_store(path)
    yield opened
    opened.close()


def serve(store: Store, monkeypatch: pytest.MonkeyPatch, classes: str) -> FlaskClient:
    monkeypatch.setenv("HEMAVISION_CLASSES", classes)
    return create_app(make_model(), store=store).test_client()


def make_case(client: FlaskClient, store: Store, cells: int) -> str:
    number = client.post("/api/v1/cases", json={"name": "A case"}).json["case"]["id"]
    for index in range(cells):
        add_image(store, number, new_image(index), "ann")
    return f"/api/v1/cases/{number}"


def call(client: FlaskClient, store: Store, case: str, types: list[str]) -> Any:
    found = cells_of(store, find_case(store, int(case.rpartition("/")[2])))
    pairs = zip(found, types, strict=True)
    changes = [{"id": c.id, "revision": c.revision, "cell_type": kind} for c, kind in pairs]
    return client.patch(f"{case}/cells", json=at_once(changes))


def test_a_case_keeps_the_list_that_it_was_made_with(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = serve(store, monkeypatch, "default")
    old = make_case(before, store, 1)
    client = serve(store, monkeypatch, "stages")
    new = make_case(client, store, 1)
    shown = client.get(new).json
    assert shown["class_list"].startswith("Bands")
    band = next(kind for kind in shown["cell_types"] if kind["name"] == "band")
    assert band == {
        "name": "band", "display_name": "Band", "key": "b", "counted": True, "by_model": False,
        "critical": False, "parent": "neutrophil", "loinc": "764-1",
        "loinc_name": "Band form neutrophils/Leukocytes in Blood by Manual count",
    }  # fmt: skip
    critical = {kind["name"] for kind in shown["cell_types"] if kind["critical"]}
    assert {"promyelocyte", "immature_granulocyte"} <= critical
    assert "band" not in {kind["name"] for kind in client.get(old).json["cell_types"]}
    refused = call(client, store, old, ["band"])
    assert (refused.status_code, refused.json["code"]) == (422, "unknown-type")
    assert call(client, store, new, ["band"]).status_code == 200
    # The server's list changes; the case's does not.
    assert serve(store, monkeypatch, "default").get(new).json["cell_types"] == shown["cell_types"]
    assert verify(store).sound


def test_counts_agreement_and_reports_are_by_the_cases_list(
    store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ranges = 'name="r"\ntitle="R"\nsource="S"\n[cell_types.neutrophil]\npercent=[50, 70]\n'
    profile = tmp_path / "ranges.toml"
    profile.write_text(ranges)
    monkeypatch.setenv("HEMAVISION_REFERENCE", str(profile))
    client = serve(store, monkeypatch, "stages")
    case = make_case(client, store, 5)
    types = ["neutrophil", "band", "promyelocyte", "smudge_cell", "neutrophil"]
    assert call(client, store, case, types).status_code == 200
    entries = {"revision": 0, "analyser": {"neutrophil": 90.0, "bands": 10.0}}
    assert client.put(f"{case}/entries", json=entries).json["entries"]["analyser"]["band"] == 10
    found = client.get(f"{case}/differential").json
    counted = {share["cell_type"]: share for share in found["differential"]["shares"]}
    assert found["differential"]["total"] == 4
    assert (counted["band"]["count"], counted["neutrophil"]["count"]) == (1, 2)
    # The range is one of all neutrophils: without one for bands it is read against none of them.
    assert (counted["neutrophil"]["reference"], counted["neutrophil"]["parts"]) == (None, ["band"])
    assert found["words"][0] == (
        "Neutrophil is read against no range: band is counted apart, and the ranges have none "
        "for it."
    )
    # The page prints the report's own sentences.
    assert set(found["words"]) <= set(client.get(f"{case}/report.json").json["in_words"])
    assert [one["cell_type"] for one in found["critical"]] == ["immature_granulocyte"]
    assert "promyelocyte" in found["critical"][0]["types"]
    (period,) = client.get("/api/v1/agreement").json["periods"]
    assert (period["decided"], period["agreed"]) == (5, types.count(SUGGESTED) + 1)
    fhir = client.get(f"{case}/report.fhir").get_data(as_text=True)
    assert '"764-1"' in fhir
    assert '"783-1"' in fhir
    assert "smudge_cell" in client.get(f"{case}/report.csv").get_data(as_text=True)
    assert client.get(f"{case}/report.json").json["classes"]["name"] == "stages"


def test_a_bad_list_stops_the_start_and_names_its_entry(
    store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "bad.toml"
    path.write_text('name="a"\ntitle="b"\n[classes.clot]\ncounted=false\nkey="h"\n')
    with pytest.raises(SettingsError, match=r"bad\.toml: classes\.clot\.key is 'h'"):
        serve(store, monkeypatch, str(path))
