"""What the workbench is served by: the differential, the report, agreement, and the pages."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fakes import FakeEngine
from fixtures_cases import at_once, make_model
from fixtures_images import cell_png
from flask.testing import FlaskClient

from hemavision.differential import clopper_pearson
from hemavision.reading.bundle import Manifest
from hemavision.reading.cell import Model
from hemavision.records.cells import FOUR_TYPES
from hemavision.records.results import NOTICE, ModelReference
from hemavision.store import Store
from hemavision.store.cells import Tally
from hemavision.store.readers import Role, add_reader
from hemavision.web import create_app

API = "/api/v1"
CELLS = 6


@pytest.fixture
def client(store: Store) -> FlaskClient:
    return create_app(make_model(), "127.0.0.1", store=store).test_client()


@pytest.fixture
def case(client: FlaskClient) -> int:
    """A case of six single cells, which the engine all calls the same."""
    return six_cells(client)


def six_cells(client: FlaskClient) -> int:
    number: int = client.post(f"{API}/cases", json={"name": "Morning"}).json["case"]["id"]
    images = [(io.BytesIO(cell_png(n)), f"{n}.png") for n in range(CELLS)]
    client.post(f"{API}/cases/{number}/images", data={"images": images, "kind": "cell"})
    return number


def decide(client: FlaskClient, case: int, kinds: list[str]) -> None:
    cells = client.get(f"{API}/cases/{case}/cells").json["cells"]
    changes = [
        {"id": cell["id"], "revision": cell["revision"], "cell_type": kind}
        for cell, kind in zip(cells, kinds, strict=False)
    ]
    assert (
        client.patch(
            f"{API}/cases/{case}/cells",
            json=at_once(changes),
        ).status_code
        == 200
    )


def enter(client: FlaskClient, case: int, **entries: Any) -> Any:
    return client.put(f"{API}/cases/{case}/entries", json={"revision": 0} | entries)


class Validated(FakeEngine):
    """The fake engine with validations in its manifest."""

    @property
    def manifest(self) -> Manifest:
        return replace(super().manifest, metrics=CONFUSED)


def validated(sha256: str = "0" * 64) -> Model:
    return Model(Validated(), ModelReference("fake", sha256))


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
    entered = enter(client, case, white_cells=6.2, target=200, analyser={"neutrophil": 20})
    assert entered.status_code == 200
    found = differential(client, case)
    assert found["entries"] == entered.json["entries"]
    (share,) = [s for s in found["differential"]["shares"] if s["cell_type"] == "neutrophil"]
    low, high = clopper_pearson(5, 6)
    assert (share["low"], share["high"]) == pytest.approx((100 * low, 100 * high))
    assert share["flag"] == "possibly_high"
    assert share["absolute"]["value"] == pytest.approx(6.2 * 5 / 6)
    assert found["differential"]["missing"] == 194
    assert found["comparison"]["disagreeing"] == ["neutrophil"]
    assert found["targets"] == [100, 200, 400]


NO_ENTRIES: list[dict[str, Any]] = [
    {"white_cells": 0}, {"white_cells": 62000}, {"target": 0}, {"profile": "mine"},
    {"analyser": "neutrophil"}, {"analyser": {"neutrophil": "x"}}, {"analyser": {"elf": 3}},
    {"analyser": {"neutrophil": 170}}, {"analyser": {"neutrophil": 70, "monocyte": 60}},
    {"analyser_cells": 0}, {"level": 2}, {"revision": None}, {"comment": "a\x07"},
    {"comment": "x" * 4001}, {"estimate": "yes"},
]  # fmt: skip


def test_entries_that_make_no_sense_are_named_and_not_kept(client: FlaskClient, case: int) -> None:
    for entries in NO_ENTRIES:
        answer = enter(client, case, **entries)
        assert (answer.status_code, answer.json["type"]) in (
            (400, "/docs#bad-option"),
            (422, "/docs#unusable"),
        ), entries
    assert client.get(f"{API}/cases/{case}/entries").json["entries"]["revision"] == 0


def test_nobody_s_entries_are_lost(client: FlaskClient, case: int) -> None:
    first = enter(client, case, white_cells=6.2, comment=" Many large\nplatelets. ")
    assert first.json["entries"] | {"revision": 1, "white_cells": 6.2} == first.json["entries"]
    assert first.json["entries"]["comment"] == "Many large\nplatelets."
    assert first.json["case"]["revision"] > 1
    late = enter(client, case, target=400)
    assert (late.status_code, late.json["type"]) == (409, "/docs#changed-since")
    assert late.json["changes"] == [first.json["entries"]]
    assert enter(client, case, revision=1, target=400).json["entries"]["revision"] == 2
    again = enter(client, case, revision=2, target=400)
    assert again.json["entries"]["revision"] == 2, "nothing new was entered"


def test_what_is_entered_is_signed_with_the_case(client: FlaskClient, case: int) -> None:
    decide(client, case, ["neutrophil"] * CELLS)
    case_now = enter(client, case, white_cells=6.2, comment="No blasts.").json["case"]
    signed = client.post(f"{API}/cases/{case}/sign", json={"revision": case_now["revision"]})
    assert signed.json["case"]["state"] == "signed"
    refused = enter(client, case, revision=2, white_cells=9.9)
    assert (refused.status_code, refused.json["code"]) == (409, "signed")
    report = client.get(f"{API}/cases/{case}/report.json").json
    assert report["differential"]["white_cells"]["entered"] == 6.2
    assert "No blasts." in client.get(f"{API}/cases/{case}/report.html").get_data(as_text=True)
    entries = client.get(f"{API}/cases/{case}/entries").json["entries"]
    assert entries["profile"] == "default", "signing settles which ranges it was read against"
    log = client.get(f"{API}/cases/{case}/log").json["entries"]
    assert [entry["action"] for entry in log[:3]] == ["sign", "enter", "enter"]
    assert log[0]["detail"]["entries"] == entries
    assert client.get(f"{API}/verify").json["sound"]


def test_where_the_count_stopped_the_rest_is_signed_uncounted(
    client: FlaskClient, case: int
) -> None:
    url = f"{API}/cases/{case}"
    enter(client, case, target=CELLS - 1)
    decide(client, case, ["neutrophil"] * (CELLS - 1))
    found = client.get(f"{url}/differential?suggestions=true").json
    assert (found["uncounted"], found["differential"]["total"]) == (1, CELLS)
    asked = {"revision": found["revision"]}
    refused = client.post(f"{url}/sign", json=asked)
    assert (refused.status_code, refused.json["code"]) == (409, "undecided")
    assert len(refused.json["cells"]) == 1
    signed = client.post(f"{url}/sign", json=asked | {"uncounted": True}).json["case"]
    assert (signed["state"], signed["counts"]["decided"]) == ("signed", CELLS - 1)
    found = client.get(f"{url}/differential?suggestions=true").json
    assert found["differential"]["total"] == CELLS - 1
    assert found["words"] == ["1 further cell was not counted: the count stopped at 5."]
    assert client.post(f"{url}/reads", json={}).json["read"]["cells"] == CELLS - 1


def test_who_reads_blind_neither_sees_nor_enters(client: FlaskClient, case: int) -> None:
    enter(client, case, comment="Clearly neutrophils.")
    client.post(f"{API}/cases/{case}/reads", json={})
    assert client.get(f"{API}/cases/{case}/entries").status_code == 403
    assert enter(client, case, revision=1).status_code == 403
    assert "Clearly" not in client.get(f"{API}/cases/{case}").get_data(as_text=True)
    assert "Clearly" not in client.get(f"{API}/cases").get_data(as_text=True)


CONFUSED = {
    "pbc": {
        "cell_types": list(FOUR_TYPES),
        "confusion": [[90, 0, 0, 10], [0, 100, 0, 0], [0, 0, 100, 0], [0, 0, 0, 100]],
    },
    "few": {"cell_types": list(FOUR_TYPES), "confusion": [[1, 0, 0, 0], [0] * 4, [0] * 4, [0] * 4]},
    "seed": {"accuracy": 0.99},
}


def test_an_estimate_behind_the_model_s_calls(store: Store) -> None:
    client = create_app(validated(), "127.0.0.1", store=store).test_client()
    case = six_cells(client)
    assert differential(client, case)["estimate"] is None
    enter(client, case, estimate=True)
    found = differential(client, case)
    assert (found["no_estimate"], found["estimate"]["protocol"]) == (None, "pbc")
    assert found["estimate"]["estimate"] is True
    assert sum(s["percent"] for s in found["estimate"]["shares"]) == pytest.approx(100)
    (called,) = [s for s in found["estimate"]["shares"] if s["called"] == 100]
    assert called["low"] < called["high"] == pytest.approx(100)
    decide(client, case, ["monocyte"] * CELLS)
    assert differential(client, case)["estimate"] == found["estimate"], "of the model's calls"
    report = client.get(f"{API}/cases/{case}/report.json").json
    assert report["estimate"]["protocol"] == "pbc"


def test_an_estimate_that_cannot_be_had_says_why(client: FlaskClient, case: int) -> None:
    decide(client, case, ["neutrophil"] * CELLS)
    enter(client, case, estimate=True)
    found = differential(client, case)
    assert found["estimate"] is None
    assert "bears no validated confusions" in found["no_estimate"]
    page = client.get(f"{API}/cases/{case}/report.html").get_data(as_text=True)
    assert "No estimate" in page
    assert "bears no validated confusions" in page


def test_another_model_s_calls_are_not_corrected(store: Store, case: int) -> None:
    client = create_app(validated("1" * 64), "127.0.0.1", store=store).test_client()
    enter(client, case, estimate=True)
    assert f"Another model called {CELLS}" in differential(client, case)["no_estimate"]


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


FORMATS = [
    ("html", "text/html", b"<!doctype html>"),
    ("pdf", "application/pdf", b"%PDF"),
    ("csv", "text/csv", b""),
    ("json", "application/json", b"{"),
    ("fhir", "application/fhir+json", b"{"),
]


def test_the_report_in_every_format(client: FlaskClient, case: int) -> None:
    decide(client, case, ["neutrophil"] * CELLS)
    enter(client, case, white_cells=6.2)
    for name, kind, start in FORMATS:
        answer = client.get(f"{API}/cases/{case}/report.{name}")
        assert answer.status_code == 200, name
        assert answer.mimetype == kind
        assert answer.data.startswith(start), name
        assert "script-src" not in answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        if name != "pdf":
            assert NOTICE.encode() in answer.data, name


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


def test_a_signed_case_is_read_against_what_was_signed(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever profile and model the server has by then."""
    lab = tmp_path / "lab.toml"
    ranges = "[cell_types.neutrophil]\npercent = [45, 75]"
    lab.write_text(f'name = "our-lab"\ntitle = "Ours"\nsource = "Study 1"\n{ranges}\n')
    monkeypatch.setenv("HEMAVISION_REFERENCE", str(lab))
    client = create_app(validated(), "127.0.0.1", store=store).test_client()
    case = six_cells(client)
    decide(client, case, ["neutrophil"] * CELLS)
    enter(client, case, estimate=True)
    revision = client.get(f"{API}/cases/{case}").json["case"]["revision"]
    signed = client.post(f"{API}/cases/{case}/sign", json={"revision": revision})
    assert signed.status_code == 200
    before = differential(client, case)
    assert before["profile"] == "our-lab"
    assert before["estimate"]["protocol"] == "pbc"
    monkeypatch.delenv("HEMAVISION_REFERENCE")
    later = create_app(validated("1" * 64), "127.0.0.1", store=store).test_client()
    after = differential(later, case)
    assert {"name": "our-lab", "title": "Ours"} in after["profiles"]
    assert after == before | {"profiles": after["profiles"]}
    assert "figures" not in later.get(f"{API}/cases/{case}").json["versions"][0]


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
    client.patch(f"{API}/reads/{read}/cells", json=at_once(changes))
    client.post(f"{API}/reads/{read}/finish")
    found = client.get(f"{API}/reads/{read}/agreement").json
    assert found["first_reader"]["n_cells"] == CELLS
    assert found["first_reader"]["same"] in (3, 4)
    assert found["first_reader"]["kappa"]["low"] <= found["first_reader"]["kappa"]["value"]
    assert found["model"]["n_cells"] == CELLS
    listed = client.get(f"{API}/agreement/reads").json
    (one,) = listed["reads"]
    assert listed["total"] == 1
    assert one["case_name"] == client.get(f"{API}/cases/{case}").json["case"]["name"]
    assert {key: one[key] for key in ("read", "first_reader", "model")} == {
        key: found[key] for key in ("read", "first_reader", "model")
    }


def test_second_readings_of_all_cases_the_last_finished_first(
    client: FlaskClient, case: int
) -> None:
    url = f"{API}/agreement/reads"
    assert client.get(url).json["reads"] == []
    decide(client, case, ["neutrophil"] * CELLS)
    numbers = []
    for _ in range(2):
        numbers.append(client.post(f"{API}/cases/{case}/reads", json={}).json["read"]["id"])
        # Whoever reads a case blind does not learn from an earlier reading what was decided.
        assert client.get(url).json["reads"] == []
        cells = client.get(f"{API}/reads/{numbers[-1]}/cells").json["cells"]
        changes = [{"id": c["id"], "revision": 0, "cell_type": "monocyte"} for c in cells]
        client.patch(
            f"{API}/reads/{numbers[-1]}/cells",
            json=at_once(changes),
        )
        client.post(f"{API}/reads/{numbers[-1]}/finish")
    assert [one["read"]["id"] for one in client.get(url).json["reads"]] == numbers[::-1]
    page = client.get(f"{url}?limit=1&offset=1").json
    assert ([one["read"]["id"] for one in page["reads"]], page["total"]) == (numbers[:1], 2)


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
        client.patch(
            f"{API}/reads/{read}/cells",
            json=at_once(changes),
        )
        # Who reads the case a second time does not learn the first reader's counts here either.
        assert client.get(url).json["slides"] < 2
        client.post(f"{API}/reads/{read}/finish")
    found = client.get(url).json
    assert found["slides"] == 2
    # First reader 60% of the white cells, second 100% and 0%.
    assert found["limits"]["bias"] == pytest.approx((60 - 100 + 60 - 0) / 2)
    assert found["plot"].startswith("<svg")


def test_pages_are_served_and_an_unknown_case_is_none(client: FlaskClient, case: int) -> None:
    for path in ("/cases", f"/cases/{case}", "/agreement", "/login"):
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
