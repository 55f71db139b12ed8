"""What the workbench is served by: the differential, the report, agreement, and the pages."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from fixtures_cases import make_model
from flask.testing import FlaskClient

from hemavision.differential import clopper_pearson
from hemavision.results import NOTICE
from hemavision.samples import SAMPLE_NAMES, sample_png
from hemavision.store import Store
from hemavision.store.readers import Role, add_reader
from hemavision.store.tally import Tally
from hemavision.web import create_app

API = "/api/v1"
CELLS = 6


@pytest.fixture
def client(store: Store) -> FlaskClient:
    return create_app(make_model(), "127.0.0.1", store=store).test_client()


@pytest.fixture
def case(client: FlaskClient) -> int:
    """A case of six single cells, which the engine all calls the same."""
    number: int = client.post(f"{API}/cases", json={"name": "Morning"}).json["case"]["id"]
    first = sample_png(SAMPLE_NAMES[0])
    images = [(io.BytesIO(first + str(n).encode()), f"{n}.png") for n in range(CELLS)]
    client.post(f"{API}/cases/{number}/images", data={"images": images, "kind": "cell"})
    return number


def decide(client: FlaskClient, case: int, kinds: list[str]) -> None:
    cells = client.get(f"{API}/cases/{case}/cells").json["cells"]
    changes = [
        {"id": cell["id"], "revision": cell["revision"], "cell_type": kind}
        for cell, kind in zip(cells, kinds, strict=False)
    ]
    assert client.patch(f"{API}/cases/{case}/cells", json={"changes": changes}).status_code == 200


def differential(client: FlaskClient, case: int, query: str = "") -> Any:
    answer = client.get(f"{API}/cases/{case}/differential{query}")
    assert answer.status_code == 200, answer.json
    return answer.json


def test_only_a_person_s_word_is_counted_unless_suggestions_are_wanted(
    client: FlaskClient, case: int
) -> None:
    decide(client, case, ["neutrophil", "neutrophil", "platelet"])
    found = differential(client, case)
    assert found["differential"]["total"] == 2
    assert found["differential"]["undecided"] == 3
    assert found["differential"]["left_out"]["platelet"] == 1
    assert found["cells"]["decided"] == {"neutrophil": 2, "platelet": 1}
    assert sum(found["cells"]["suggested"].values()) == 3
    assert found["notice"] == NOTICE
    with_them = differential(client, case, "?suggestions=true")
    assert with_them["differential"]["total"] == 5
    assert with_them["differential"]["undecided"] == 0


def test_shares_come_with_exact_intervals_flags_and_absolute_counts(
    client: FlaskClient, case: int
) -> None:
    decide(client, case, ["neutrophil"] * 5 + ["eosinophil"])
    found = differential(client, case, "?white_cells=6.2&target=200&analyser=neutrophil:20")
    (share,) = [s for s in found["differential"]["shares"] if s["cell_type"] == "neutrophil"]
    low, high = clopper_pearson(5, 6)
    assert (share["low"], share["high"]) == pytest.approx((100 * low, 100 * high))
    assert share["flag"] == "possibly_high"
    assert share["absolute"]["value"] == pytest.approx(6.2 * 5 / 6)
    assert found["differential"]["missing"] == 194
    assert found["comparison"]["disagreeing"] == ["neutrophil"]
    assert found["targets"] == [100, 200, 400]


@pytest.mark.parametrize(
    "query",
    [
        "?white_cells=0", "?white_cells=62000", "?target=0", "?profile=mine",
        "?analyser=neutrophil", "?analyser=neutrophil:x", "?analyser=elf:3",
        "?analyser=neutrophil:70,neutrophil:2", "?analyser=neutrophil:70,monocyte:60", "?level=2",
    ],
)  # fmt: skip
def test_terms_that_make_no_sense_are_named(client: FlaskClient, case: int, query: str) -> None:
    decide(client, case, ["neutrophil"])
    for what in ("differential", "report.json"):
        answer = client.get(f"{API}/cases/{case}/{what}{query}")
        assert (answer.status_code, answer.json["type"]) in (
            (400, "/docs#bad-option"),
            (422, "/docs#unusable"),
        )


def test_what_is_unfamiliar_is_never_counted(store: Store) -> None:
    cells = Tally({"neutrophil": 3}, {"monocyte": 2}, unfamiliar=4)
    assert cells.counts(["neutrophil", "monocyte"], with_suggestions=True) == {
        "neutrophil": 3,
        "monocyte": 2,
        "undecided": 4,
    }
    assert cells.counts(["neutrophil"], with_suggestions=False) == {
        "neutrophil": 3,
        "undecided": 6,
    }


@pytest.mark.parametrize(
    ("name", "kind", "start"),
    [
        ("html", "text/html", b"<!doctype html>"),
        ("pdf", "application/pdf", b"%PDF"),
        ("csv", "text/csv", b""),
        ("json", "application/json", b"{"),
        ("fhir", "application/fhir+json", b"{"),
    ],
)
def test_the_report_in_every_format(
    client: FlaskClient, case: int, name: str, kind: str, start: bytes
) -> None:
    decide(client, case, ["neutrophil"] * CELLS)
    answer = client.get(f"{API}/cases/{case}/report.{name}?white_cells=6.2")
    assert answer.status_code == 200
    assert answer.mimetype == kind
    assert answer.data.startswith(start)
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    if name != "pdf":
        assert NOTICE.encode() in answer.data


def test_a_report_says_how_far_the_case_is(client: FlaskClient, case: int) -> None:
    def status() -> str:
        text = client.get(f"{API}/cases/{case}/report.fhir").get_data(as_text=True)
        resource = json.loads(text)
        reports = [resource, *(e["resource"] for e in resource.get("entry", []))]
        return next(r["status"] for r in reports if r["resourceType"] == "DiagnosticReport")

    assert status() == "preliminary"
    decide(client, case, ["neutrophil"] * CELLS)
    revision = client.get(f"{API}/cases/{case}").json["case"]["revision"]
    client.post(f"{API}/cases/{case}/sign", json={"revision": revision})
    assert status() == "final"
    client.post(f"{API}/cases/{case}/amend", json={"reason": "wrong slide"})
    assert status() == "preliminary"
    revision = client.get(f"{API}/cases/{case}").json["case"]["revision"]
    client.post(f"{API}/cases/{case}/sign", json={"revision": revision})
    assert status() == "amended"


def test_there_is_no_report_in_a_format_that_nobody_writes(client: FlaskClient, case: int) -> None:
    answer = client.get(f"{API}/cases/{case}/report.docx")
    assert answer.status_code == 404
    assert "html, pdf, csv, json, fhir" in answer.json["detail"]


def test_a_second_reader_s_agreement(client: FlaskClient, case: int) -> None:
    decide(client, case, ["neutrophil"] * 3 + ["monocyte"] * 3)
    read = client.post(f"{API}/cases/{case}/reads", json={}).json["read"]["id"]
    assert client.get(f"{API}/cases/{case}/differential").status_code == 403
    assert client.get(f"{API}/cases/{case}/report.json").status_code == 403
    assert client.get(f"{API}/reads/{read}/agreement").status_code == 403
    cells = client.get(f"{API}/reads/{read}/cells").json["cells"]
    first = sorted(cell["id"] for cell in cells)[0]
    changes = [
        {
            "id": c["id"],
            "revision": 0,
            "cell_type": "neutrophil" if c["id"] == first else "monocyte",
        }
        for c in cells
    ]
    client.patch(f"{API}/reads/{read}/cells", json={"changes": changes})
    client.post(f"{API}/reads/{read}/finish")
    found = client.get(f"{API}/reads/{read}/agreement").json
    assert found["first_reader"]["n_cells"] == CELLS
    assert found["first_reader"]["same"] in (3, 4)
    assert found["first_reader"]["kappa"]["low"] <= found["first_reader"]["kappa"]["value"]
    assert found["model"]["n_cells"] == CELLS


def test_two_readers_slide_by_slide(client: FlaskClient, case: int) -> None:
    decide(client, case, ["neutrophil"] * 3 + ["monocyte"] * 2 + ["platelet"])
    assert client.get(f"{API}/agreement/slides?cell_type=elf").status_code == 422
    url = f"{API}/agreement/slides?cell_type=neutrophil"
    assert client.get(url).json["slides"] == 0
    for twos in (["neutrophil"] * CELLS, ["monocyte"] * CELLS):
        read = client.post(f"{API}/cases/{case}/reads", json={}).json["read"]["id"]
        cells = client.get(f"{API}/reads/{read}/cells").json["cells"]
        changes = [
            {"id": cell["id"], "revision": 0, "cell_type": kind}
            for cell, kind in zip(cells, twos, strict=True)
        ]
        client.patch(f"{API}/reads/{read}/cells", json={"changes": changes})
        # Who reads the case a second time does not learn the first reader's counts here either.
        assert client.get(url).json["slides"] < 2
        client.post(f"{API}/reads/{read}/finish")
    found = client.get(url).json
    assert found["slides"] == 2
    # First reader 60% of the white cells, second 100% and 0%.
    assert found["limits"]["bias"] == pytest.approx((60 - 100 + 60 - 0) / 2)
    assert found["plot"].startswith("<svg")


def test_pages_are_served_and_an_unknown_case_is_none(client: FlaskClient, case: int) -> None:
    for path in ("/cases", f"/cases/{case}", "/login"):
        page = client.get(path)
        assert page.status_code == 200
        assert NOTICE in page.get_data(as_text=True)
    assert client.get("/cases/999").status_code == 404


def test_where_there_are_accounts_the_pages_ask_for_a_login(
    client: FlaskClient, store: Store, case: int
) -> None:
    add_reader(store, "root", Role.ADMIN, "a long enough password", "local")
    answer = client.get(f"/cases/{case}?x=1")
    assert (answer.status_code, answer.headers["Location"]) == (
        302,
        f"/login?next=/cases/{case}?x%3D1",
    )
    assert client.get("/login").status_code == 200
    assert client.get(f"{API}/cases/{case}/differential").status_code == 401
    assert client.get(f"{API}/cases/{case}/report.pdf").status_code == 401
