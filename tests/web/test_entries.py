"""What is entered beside a case is understood as people and analysers write it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from fixtures_cases import make_model
from flask.testing import FlaskClient

from hemavision.differential.names import (
    LEAST_WHITE_CELLS,
    MOST_WHITE_CELLS,
    white_cells_from,
)
from hemavision.store import open_store
from hemavision.store.cases import create_case
from hemavision.web import create_app

Client = tuple[FlaskClient, str]


@pytest.fixture
def entries(blank_file: Any, tmp_path: Any) -> Iterator[Client]:
    """A client, and the address of a new case's entries."""
    path = tmp_path / "store.sqlite"
    path.write_bytes(blank_file.read_bytes())
    store = open_store(path)
    case = create_case(store, "A case", "", "ann")
    app = create_app(make_model(), store=store)
    yield app.test_client(), f"/api/v1/cases/{case.id}/entries"
    store.close()


def put(entries: Client, **values: Any) -> Any:
    client, address = entries
    return client.put(address, json={"revision": 0} | values)


def test_a_count_may_come_with_its_unit(entries: Client) -> None:
    assert put(entries, white_cells="6200/ul").json["entries"]["white_cells"] == 6.2


@pytest.mark.parametrize("count", [6200, "6200"])
def test_a_count_in_another_unit_is_refused_with_what_was_meant(
    entries: Client, count: Any
) -> None:
    answer = put(entries, white_cells=count)
    assert answer.status_code == 400
    assert "6,200 cells per µl are 6.2." in answer.json["detail"]


def test_the_document_says_which_counts_are_taken(entries: Client) -> None:
    client, _ = entries
    document = client.get("/api/v1/openapi.json").json
    count = document["components"]["schemas"]["EntriesBody"]["properties"]["white_cells"]
    assert (count["minimum"], count["maximum"]) == (LEAST_WHITE_CELLS, MOST_WHITE_CELLS)
    for written in ("6.2", "6,2 G/L", "6.2 10^3/uL", "62 K/uL", "6200/uL", "620000 /uL"):
        assert re.search(count["pattern"], written), written
        assert LEAST_WHITE_CELLS <= white_cells_from(written) <= MOST_WHITE_CELLS
    for nothing in ("", "0", "6.2 mmol", "6200", "many"):
        assert not re.search(count["pattern"], nothing), nothing
        assert put(entries, white_cells=nothing).status_code == 400


@pytest.mark.parametrize("name", ["", "x" * 81, "NEUTRON"])
def test_a_name_that_is_no_type_is_refused_as_such(entries: Client, name: str) -> None:
    answer = put(entries, analyser={name: 40.0})
    assert answer.status_code == 422
    assert f"{name[:40]!r}"[:-1] in answer.json["detail"]


def test_an_analyser_s_own_codes_are_understood(entries: Client) -> None:
    sent = {"NEUT": 58.1, "LYMPH": 30, "MONO%": 6, "EO": 3, "BASO": 1, "IG": 1.9}
    kept = put(entries, analyser=sent).json["entries"]["analyser"]
    assert kept == {
        "neutrophil": 58.1, "lymphocyte": 30, "monocyte": 6, "eosinophil": 3, "basophil": 1,
        "immature_granulocyte": 1.9,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"lymfocyte": 30}, "did you mean lymphocyte"),
        ({"NEUT": 0.58}, "neutrophil 0.58 is 58%"),
        ({"neutrophil": 60, "NEUT": 60}, "both neutrophil"),
    ],
)
def test_what_an_analyser_cannot_have_said_is_refused(
    entries: Client, sent: dict[str, float], said: str
) -> None:
    answer = put(entries, analyser=sent)
    assert answer.status_code == 422
    assert said in answer.json["detail"]
