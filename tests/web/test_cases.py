"""Cases through the API: from an upload to a signed, amended and proved case."""

from __future__ import annotations

import io
import re
import zipfile
from base64 import b64decode
from typing import Any

import pytest
from fakes import FakeFinder
from fixtures_cases import at_once, make_model
from fixtures_images import cell_png
from fixtures_store import asked
from flask.testing import FlaskClient

from hemavision.differential import clopper_pearson
from hemavision.images.opening import open_image
from hemavision.reading.cell import Model
from hemavision.records.results import NOTICE, Box, CellKind, Detection
from hemavision.store import Store
from hemavision.web import create_app

FIELD = cell_png(0, 640, 480)
FOUND = (
    Detection(CellKind.WHITE, Box(300, 200, 400, 300), 0.9),
    Detection(CellKind.RED, Box(100, 100, 150, 150), 0.9),
)
API = "/api/v1"


@pytest.fixture
def client(store: Store) -> FlaskClient:
    """A browser in front of a server without accounts, once for each database."""
    finder = FakeFinder([(open_image(FIELD).rgb, FOUND)])
    return create_app(make_model(), "127.0.0.1", finder, store).test_client()


def upload(client: FlaskClient, case: int, files: dict[str, bytes], **options: str) -> Any:
    images = [(io.BytesIO(content), name) for name, content in files.items()]
    return client.post(f"{API}/cases/{case}/images", data={"images": images} | options)


def samples(count: int) -> dict[str, bytes]:
    return {f"{n}.png": cell_png(n) for n in range(count)}


@pytest.fixture
def case(client: FlaskClient) -> int:
    """A case of three single cells."""
    made = client.post(f"{API}/cases", json={"name": "Morning", "slide": "S-17"})
    assert made.status_code == 201
    number: int = made.json["case"]["id"]
    assert made.headers["Location"] == f"{API}/cases/{number}"
    assert upload(client, number, samples(3), kind="cell").status_code == 200
    return number


def cells_of(client: FlaskClient, case: int, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"{API}/cases/{case}/cells{query}").json["cells"]
    return found


def decide(client: FlaskClient, case: int, kind: str | None, cells: list[dict[str, Any]]) -> Any:
    changes = [{"id": c["id"], "revision": c["revision"], "cell_type": kind} for c in cells]
    return client.patch(f"{API}/cases/{case}/cells", json=at_once(changes))


def test_several_at_once_pass_a_gate_on_the_server(client: FlaskClient, case: int) -> None:
    cells = cells_of(client, case)
    kinds = {cell["id"]: cell["suggestion"]["cell_type"] for cell in cells}
    changes = [{"id": n, "revision": 0, "cell_type": kind} for n, kind in kinds.items()]
    url, ids = f"{API}/cases/{case}/cells", list(kinds)
    refused = client.patch(url, json={"changes": changes})
    assert refused.status_code == 422
    assert "`seen`" in refused.json["detail"]
    done = client.patch(url, json={"changes": changes, "seen": ids[1:]}).json
    assert done["left_out"] == {"unseen": ids[:1], "doubtful": []}
    assert [cell["decided_type"] for cell in done["cells"]] == [kinds[n] for n in ids[1:]]
    after = {cell["id"]: cell["decided_type"] for cell in cells_of(client, case)}
    assert after == kinds | {ids[0]: None}
    # One at a time needs no word of it, and taking back none either.
    assert client.patch(url, json={"changes": changes[:1]}).json["cells"][0]["decided_type"]
    back = [
        {"id": n, "revision": r, "cell_type": None}
        for n, r in zip(ids, revisions(client, case, ids), strict=True)
    ]
    assert client.patch(url, json={"changes": back}).json["case"]["counts"]["decided"] == 0


def revisions(client: FlaskClient, case: int, ids: list[int]) -> list[int]:
    found = {cell["id"]: cell["revision"] for cell in cells_of(client, case)}
    return [found[number] for number in ids]


def revision(client: FlaskClient, case: int) -> int:
    number: int = client.get(f"{API}/cases/{case}").json["case"]["revision"]
    return number


def test_the_whole_way(client: FlaskClient, case: int) -> None:
    detail = client.get(f"{API}/cases/{case}").json
    assert detail["notice"] == NOTICE
    assert detail["case"]["counts"] == {"cells": 3, "decided": 0, "undecided": {"confident": 3}}
    types = {kind["name"]: kind["by_model"] for kind in detail["cell_types"]}
    assert types["neutrophil"]
    assert not types["blast"]
    done = decide(client, case, "blast", cells_of(client, case)[:2]).json
    assert done["case"]["state"] == "in_review"
    refused = client.post(f"{API}/cases/{case}/sign", json={"revision": revision(client, case)})
    assert refused.status_code == 409
    (left,) = cells_of(client, case, "?decided=false")
    suggested = left["suggestion"]["cell_type"]
    assert client.get(f"{API}/cases/{case}/counts").json["counts"] == {
        "blast": {"decided": 2, "suggested": 0},
        suggested: {"decided": 0, "suggested": 1},
    }
    assert (refused.json["code"], refused.json["cells"]) == ("undecided", [left["id"]])
    decide(client, case, suggested, [left])
    counted = client.get(f"{API}/cases/{case}/differential").json
    assert [(c["cell_type"], c["count"]) for c in counted["critical"]] == [("blast", 2)]
    signature = {"revision": revision(client, case)}
    unnamed = client.post(f"{API}/cases/{case}/sign", json=signature)
    assert (unnamed.status_code, unnamed.json["code"]) == (409, "critical")
    signature["acknowledged"] = ["blast"]
    signed = client.post(f"{API}/cases/{case}/sign", json=signature)
    assert signed.json["case"]["state"] == "signed"
    again = decide(client, case, "blast", cells_of(client, case))
    assert (again.status_code, again.json["code"]) == (409, "signed")
    amended = client.post(f"{API}/cases/{case}/amend", json={"reason": "wrong slide"})
    assert amended.json["case"]["version"] == 2
    versions = client.get(f"{API}/cases/{case}").json["versions"]
    assert [version["signed_by"] for version in versions] == ["local", None]
    log = client.get(f"{API}/cases/{case}/log?limit=1000").json
    actions = [entry["action"] for entry in reversed(log["entries"])]
    assert actions == ["create", *["import"] * 3, *["decide"] * 3, "enter", "sign", "amend"]
    assert client.get(f"{API}/verify").json["sound"]
    (period,) = client.get(f"{API}/agreement?case={case}").json["periods"]
    assert (period["decided"], period["agreed"], period["model_name"]) == (3, 1, "fake")
    assert period["interval"] == list(clopper_pearson(1, 3))
    assert sum(part["decided"] for part in period["by_status"].values()) == 3


def test_lists(client: FlaskClient, case: int) -> None:
    client.post(f"{API}/cases", json={"name": "Evening"})
    listed = client.get(f"{API}/cases?search=morn+s-17&state=new").json
    assert [found["id"] for found in listed["cases"]] == [case]
    assert client.get(f"{API}/cases?limit=1").json["total"] == 2
    (first, *_) = client.get(f"{API}/cases/{case}/images").json["images"]
    assert (first["name"], first["kind"], first["cells"]) == ("0.png", "cell", 1)
    page = client.get(f"{API}/cases/{case}/cells?limit=1&offset=2").json
    assert (len(page["cells"]), page["total"]) == (1, 3)
    assert cells_of(client, case, f"?image={first['id']}")[0]["image_id"] == first["id"]
    assert cells_of(client, case, "?status=unfamiliar") == []
    kind = page["cells"][0]["suggestion"]["cell_type"]
    assert len(cells_of(client, case, f"?cell_type={kind}")) == 3


def test_each_file_has_its_own_outcome(client: FlaskClient, case: int) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("in.png", FIELD)
        packed.writestr("../evil.png", FIELD)
    files = {"bad.jpg": b"text", "0-again.png": samples(1)["0.png"], "a.zip": archive.getvalue()}
    answer = upload(client, case, files)
    assert answer.status_code == 200
    results = {outcome["name"]: outcome for outcome in answer.json["results"]}
    assert results["bad.jpg"]["result"] == "failed"
    assert results["0-again.png"]["same_as"] == "0.png"
    assert results["a.zip/in.png"]["result"] == "added"
    assert "leads out" in results["a.zip/../evil.png"]["error"]
    assert answer.json["case"]["images"] == 4
    image = client.get(f"{API}/cases/{case}/images").json["images"][-1]
    assert (image["kind"], image["others"]) == ("field", {"red_cell": 1})
    others = client.get(f"{API}/cases/{case}/images/{image['id']}/others").json["others"]
    assert others == [
        {"kind": "red_cell", "box": {"left": 100, "top": 100, "right": 150, "bottom": 150},
         "score": 0.9}
    ]  # fmt: skip


def field_of(client: FlaskClient, case: int) -> dict[str, Any]:
    """Bring a field into a case; one white cell is found in it."""
    upload(client, case, {"field.png": FIELD})
    image: dict[str, Any] = client.get(f"{API}/cases/{case}/images").json["images"][-1]
    return image


def add(client: FlaskClient, case: int, image: int, *edges: Any) -> Any:
    box = dict(zip(("left", "top", "right", "bottom"), edges, strict=True))
    return client.post(f"{API}/cases/{case}/images/{image}/cells", json={"box": box})


def test_a_missed_cell_is_added(client: FlaskClient, case: int) -> None:
    field = field_of(client, case)
    (found,) = cells_of(client, case, f"?image={field['id']}")
    before = revision(client, case)
    answer = add(client, case, field["id"], 40, 60, 140, 150)
    assert answer.status_code == 201
    assert answer.json["notice"] == NOTICE
    cell = answer.json["cell"]
    assert cell["box"] == {"left": 40, "top": 60, "right": 140, "bottom": 150}
    assert (cell["image_id"], cell["added_by"]) == (field["id"], "local")
    assert (cell["decided_type"], cell["revision"]) == (None, 0)
    assert answer.json["case"]["revision"] == before + 1
    assert answer.json["case"]["counts"]["cells"] == 5
    adders = {c["id"]: c["added_by"] for c in cells_of(client, case)}
    assert (adders[found["id"]], adders[cell["id"]]) == (None, "local")
    address = f"{API}/cases/{case}/cells/{cell['id']}"
    whole = client.get(address).json["cell"]
    assert whole["added_by"] == "local"
    assert whole["suggestion"]["cell_type"] == cell["suggestion"]["cell_type"]
    # Twice the box wide, as an import cuts it out, and no further than the field's corner.
    assert open_image(client.get(f"{address}/cutout").data).rgb.shape == (200, 190, 3)
    assert client.get(f"{address}/heatmap").status_code == 200
    decided = decide(client, case, "blast", [cell])
    assert decided.json["cells"][0]["added_by"] == "local"
    assert client.get(f"{API}/verify").json["sound"]


def test_an_added_cell_is_named_and_cut_out_as_an_import_does(
    client: FlaskClient, store: Store, case: int
) -> None:
    (found,) = cells_of(client, case, f"?image={field_of(client, case)['id']}")
    blind = create_app(make_model(), "127.0.0.1", FakeFinder(), store).test_client()
    other = blind.post(f"{API}/cases", json={"name": "Nothing found"}).json["case"]["id"]
    upload(blind, other, {"field.png": FIELD}, kind="field")
    (image,) = blind.get(f"{API}/cases/{other}/images").json["images"]
    assert image["cells"] == 0
    added = add(blind, other, image["id"], *found["box"].values()).json["cell"]
    addresses = [
        f"{API}/cases/{number}/cells/{cell['id']}"
        for number, cell in ((case, found), (other, added))
    ]
    said = [client.get(address).json["cell"]["suggestion"] for address in addresses]
    assert said[0] | {"milliseconds": 0} == said[1] | {"milliseconds": 0}
    shown = [client.get(f"{address}/cutout").data for address in addresses]
    assert shown[0] == shown[1]
    assert client.get(f"{API}/verify").json["sound"]


NO_BOXES: list[tuple[tuple[Any, ...], int, str]] = [
    ((0, 0, 7, 30), 422, "8 or more wide and high"),
    ((30, 30, 20, 60), 422, "8 or more wide and high"),
    ((600, 400, 9999, 480), 422, "inside the image of"),
    ((-1, 0, 30, 30), 400, "box.left"),
    ((0.5, 0, 30, 30), 400, "a whole number"),
    (("0", 0, 30, 30), 400, "a whole number"),
    ((0, 0, 2**70, 30), 400, "box.right"),
    ((302, 202, 402, 302), 409, "is at this place already"),
]


def test_which_boxes_can_be_added(client: FlaskClient, case: int) -> None:
    field = field_of(client, case)
    (found,) = cells_of(client, case, f"?image={field['id']}")
    before = revision(client, case)
    for edges, status, words in NO_BOXES:
        answer = add(client, case, field["id"], *edges)
        assert answer.status_code == status, (edges, answer.data)
        assert answer.mimetype == "application/problem+json"
        assert words in answer.get_data(as_text=True)
        assert revision(client, case) == before
    assert (answer.json["code"], answer.json["cells"]) == ("there-already", [found["id"]])
    assert add(client, case, field["id"], 0, 0, 8, 8).status_code == 201


def test_where_nothing_can_be_added(client: FlaskClient, case: int) -> None:
    field = field_of(client, case)
    (alone, *_) = client.get(f"{API}/cases/{case}/images").json["images"]
    refused = add(client, case, alone["id"], 0, 0, 50, 50)
    assert (refused.status_code, refused.json["code"]) == (409, "no-field")
    assert add(client, case, 99, 0, 0, 50, 50).status_code == 404
    other = client.post(f"{API}/cases", json={"name": "Other"}).json["case"]["id"]
    assert add(client, other, field["id"], 0, 0, 50, 50).status_code == 404
    address = f"{API}/cases/{case}/images/{field['id']}/cells"
    for body in ({}, {"box": {"left": 1}}, {"box": [0, 0, 50, 50]}, [1]):
        assert client.post(address, json=body).status_code == 400
    read = client.post(f"{API}/cases/{case}/reads", json={}).json["read"]["id"]
    blind = add(client, case, field["id"], 0, 0, 50, 50)
    assert (blind.status_code, blind.json["type"]) == (403, "/docs#blind")
    client.post(f"{API}/reads/{read}/drop")
    decide(client, case, "monocyte", cells_of(client, case))
    client.post(f"{API}/cases/{case}/sign", json={"revision": revision(client, case)})
    signed = add(client, case, field["id"], 0, 0, 50, 50)
    assert (signed.status_code, signed.json["code"]) == (409, "signed")


def test_pictures(client: FlaskClient, case: int) -> None:
    upload(client, case, {"field.png": FIELD})
    field = client.get(f"{API}/cases/{case}/images").json["images"][-1]
    whole = client.get(f"{API}/cases/{case}/images/{field['id']}/picture")
    assert (whole.mimetype, whole.data) == ("image/png", FIELD)
    (cell,) = cells_of(client, case, f"?image={field['id']}")
    address = f"{API}/cases/{case}/cells/{cell['id']}"
    assert open_image(client.get(f"{address}/cutout").data).rgb.shape == (200, 200, 3)
    assert open_image(client.get(f"{address}/heatmap").data).rgb.shape == (200, 200, 3)
    small = client.get(f"{address}/thumbnail?side=96")
    assert small.mimetype == "image/jpeg"
    assert open_image(small.data).rgb.shape == (96, 96, 3)
    many = f"{API}/cases/{case}/thumbnails"
    together = client.get(f"{many}?cells=999999,{cell['id']}&side=104")
    assert list(together.json["thumbnails"]) == [str(cell["id"])]
    webp = b64decode(together.json["thumbnails"][str(cell["id"])])
    assert webp[8:12] == b"WEBP"
    assert open_image(webp).rgb.shape == (104, 104, 3)
    shades = [open_image(c).rgb.mean() for c in (webp, client.get(f"{address}/thumbnail").data)]
    assert shades[0] == pytest.approx(shades[1], abs=2)
    assert together.headers["Cache-Control"] == "no-store"
    for wrong in ("", "cells=", "cells=1,,2", "cells=1&side=999", "cells=" + "1," * 200 + "1"):
        assert client.get(f"{many}?{wrong}").status_code == 400, wrong
    part = f"{API}/cases/{case}/images/{field['id']}/part"
    piece = client.get(f"{part}?left=20&top=20&right=60&bottom=60")
    assert piece.mimetype == "image/jpeg"
    assert open_image(piece.data).rgb.shape == (192, 192, 3)
    for outside in ("left=0&top=0&right=9999&bottom=20", "left=5&top=5&right=9&bottom=40"):
        assert client.get(f"{part}?{outside}").status_code == 422
    full = client.get(address).json["cell"]
    assert full["suggestion"]["model"]["name"] == "fake"
    plain = client.get(f"{address}/heatmap?opacity=0").data
    assert plain != client.get(f"{address}/heatmap?opacity=1").data
    for shown in ("cutout", "thumbnail", "heatmap"):
        assert client.get(f"{address}/{shown}").headers["Cache-Control"] == "no-store", shown
    assert whole.headers["Cache-Control"] == "no-store"
    assert client.get(f"{address}/heatmap?cell_type=nonsense").status_code == 422
    assert client.get(f"{address}/heatmap?opacity=2").status_code == 400


@pytest.mark.parametrize("shown", ["thumbnail", "thumbnail?side=96", "cutout"])
def test_a_picture_of_a_cell_reads_nothing_that_was_said_of_it(
    client: FlaskClient, case: int, shown: str
) -> None:
    """Neither the prediction, nor what else was found in its field, nor the case's log."""
    upload(client, case, {"field.png": FIELD})
    for cell in cells_of(client, case):
        with asked() as statements:
            answer = client.get(f"{API}/cases/{case}/cells/{cell['id']}/{shown}")
        assert answer.status_code == 200
        assert len(statements) <= 3, "who asks, what is shown, and the file of a single cell"
        assert not re.search("prediction|others|log", " ".join(statements))


def test_a_tiff_is_shown_as_png(client: FlaskClient, case: int, bad_and_odd_images: Any) -> None:
    upload(client, case, {"a.tif": bad_and_odd_images["tiff"]}, kind="cell")
    image = client.get(f"{API}/cases/{case}/images").json["images"][-1]
    shown = client.get(f"{API}/cases/{case}/images/{image['id']}/picture")
    assert shown.mimetype == "image/png"
    assert open_image(shown.data).rgb.shape[:2] == (image["height"], image["width"])


def test_another_model_s_heatmap_is_refused(store: Store, client: FlaskClient, case: int) -> None:
    (cell, *_) = cells_of(client, case)
    other = create_app(Model(make_model()._engine, make_model().reference), store=store)
    reference = type(make_model().reference)("other", "1" * 64)
    other.extensions["hemavision"].model = Model(make_model()._engine, reference)
    refused = other.test_client().get(f"{API}/cases/{case}/cells/{cell['id']}/heatmap")
    assert (refused.status_code, refused.json["code"]) == (409, "other-model")


def test_a_conflict_says_what_changed_and_who(client: FlaskClient, case: int) -> None:
    seen = cells_of(client, case)
    decide(client, case, "blast", seen[:1])
    conflict = decide(client, case, "monocyte", seen)
    assert conflict.status_code == 409
    assert conflict.json["type"] == "/docs#changed-since"
    (change,) = conflict.json["changes"]
    assert (change["id"], change["decided_type"]) == (seen[0]["id"], "blast")
    assert (change["decided_by"], change["revision"]) == ("local", 1)
    assert len(cells_of(client, case, "?decided=false")) == 2
    stale = client.post(f"{API}/cases/{case}/sign", json={"revision": 1})
    assert stale.status_code == 409
    assert stale.json["changes"][-1]["after"] == "blast"


def test_undo_and_redo(client: FlaskClient, case: int) -> None:
    decide(client, case, "blast", cells_of(client, case))
    undone = client.post(f"{API}/cases/{case}/undo")
    assert {cell["decided_type"] for cell in undone.json["cells"]} == {None}
    redone = client.post(f"{API}/cases/{case}/undo", json={"batch": undone.json["batch"]})
    assert {cell["decided_type"] for cell in redone.json["cells"]} == {"blast"}
    nothing = client.post(f"{API}/cases/{case}/undo", json={"batch": 1})
    assert (nothing.status_code, nothing.json["code"]) == (409, "nothing-to-undo")


def test_a_second_reading_is_blind(client: FlaskClient, case: int) -> None:
    decide(client, case, "blast", cells_of(client, case))
    read = client.post(f"{API}/cases/{case}/reads", json={"sample": 2, "seed": 7}).json["read"]
    cells = client.get(f"{API}/reads/{read['id']}/cells").json["cells"]
    assert set(cells[0]) == {"id", "image_id", "box", "decided_type", "revision"}
    hidden = (
        f"cases/{case}/cells", f"cases/{case}/counts",
        f"cases/{case}/cells/{cells[0]['id']}", f"cases/{case}/log",
        f"cases/{case}/cells/{cells[0]['id']}/heatmap", f"agreement?case={case}",
        f"cases/{case}/cells/{cells[0]['id']}/similar",
        f"reads/{read['id']}/pairs",
    )  # fmt: skip
    for address in hidden:
        answer = client.get(f"{API}/{address}")
        assert (answer.status_code, answer.json["type"]) == (403, "/docs#blind"), address
    assert decide(client, case, "monocyte", cells).status_code == 403
    assert client.get(f"{API}/cases/{case}/cells/{cells[0]['id']}/cutout").status_code == 200
    early = client.post(f"{API}/reads/{read['id']}/finish")
    assert (early.status_code, len(early.json["cells"])) == (409, 2)
    changes = [{"id": cell["id"], "revision": 0, "cell_type": "monocyte"} for cell in cells]
    client.patch(
        f"{API}/reads/{read['id']}/cells",
        json=at_once(changes),
    )
    finished = client.post(f"{API}/reads/{read['id']}/finish").json["read"]
    assert (finished["state"], finished["decided"]) == ("finished", 2)
    pairs = client.get(f"{API}/reads/{read['id']}/pairs").json["pairs"]
    assert [(pair["first"], pair["second"]) for pair in pairs] == [("blast", "monocyte")] * 2
    dropped = client.post(f"{API}/cases/{case}/reads").json["read"]
    assert client.post(f"{API}/reads/{dropped['id']}/drop").json["read"]["state"] == "dropped"
    assert len(client.get(f"{API}/cases/{case}/reads").json["reads"]) == 2


SENSELESS: list[tuple[str, str, Any, int]] = [
    ("get", "cases/99", None, 404),
    ("get", "cases/99/cells", None, 404),
    ("get", "cases/99/images", None, 404),
    ("get", "cases/1/cells/99", None, 404),
    ("get", "cases/1/images/99/picture", None, 404),
    ("get", f"cases/{2**70}", None, 404),
    ("get", "reads/99/pairs", None, 404),
    ("get", "cases?limit=0", None, 400),
    ("get", "cases?limit=x", None, 400),
    ("get", "cases?limit=1&limit=2", None, 400),
    ("get", "cases?nonsense=1", None, 400),
    ("get", "cases?search=%00", None, 422),
    ("get", "cases/1/cells?decided=perhaps", None, 400),
    ("get", "agreement?period=century", None, 400),
    ("post", "cases", {}, 400),
    ("post", "cases", {"name": ""}, 400),
    ("post", "cases", {"name": "   "}, 422),
    ("post", "cases", {"name": "\ud800"}, 422),
    ("post", "cases", {"name": 7}, 400),
    ("post", "cases", {"name": "a", "more": 1}, 400),
    ("post", "cases", [1], 400),
    ("post", "cases/99/sign", {"revision": 1}, 404),
    ("post", "cases/1/sign", {"revision": "1"}, 400),
    ("post", "cases/1/sign", {"revision": True}, 400),
    ("post", "cases/1/amend", {"reason": "x"}, 409),
    ("patch", "cases/1/cells", {"changes": []}, 400),
    (
        "patch",
        "cases/1/cells",
        {"changes": [{"id": 99, "revision": 0, "cell_type": "blast"}]},
        422,
    ),
    ("patch", "cases/1/cells", {"changes": [{"id": 1}]}, 400),
]


def test_senseless_requests_are_answered_in_words(client: FlaskClient, case: int) -> None:
    for method, address, body, status in SENSELESS:
        sent = {} if body is None else {"json": body}
        answer = getattr(client, method)(f"{API}/{address}", **sent)
        assert answer.status_code == status, (method, address, body, answer.data)
        assert answer.mimetype == "application/problem+json"
        assert answer.json["detail"]


def test_bodies_that_are_no_json(client: FlaskClient) -> None:
    for content, kind, status in (
        (b"{", "application/json", 400),
        (b"name=a", "application/x-www-form-urlencoded", 415),
        (b"[" * 100_000, "application/json", 400),
    ):
        answer = client.post(f"{API}/cases", data=content, content_type=kind)
        assert answer.status_code == status
        assert answer.mimetype == "application/problem+json"


def test_what_a_kind_may_be(client: FlaskClient, case: int) -> None:
    refused = upload(client, case, {"a.png": FIELD}, kind="nonsense")
    assert (refused.status_code, refused.json["type"]) == (400, "/docs#bad-option")


def test_a_wrong_image_and_an_added_cell_are_taken_out(client: FlaskClient, case: int) -> None:
    images = client.get(f"{API}/cases/{case}/images").json["images"]
    url = f"{API}/cases/{case}/images/{images[0]['id']}/remove"
    assert client.post(url, json={}).status_code == 400
    assert client.post(url, json={"reason": " "}).status_code == 422
    gone = client.post(url, json={"reason": "Another patient's"})
    assert (gone.status_code, gone.json["case"]["images"]) == (200, 2)
    assert client.post(url, json={"reason": "Again"}).status_code == 404
    entry = client.get(f"{API}/cases/{case}/log").json["entries"][0]
    assert (entry["action"], entry["detail"]["reason"]) == ("remove", "Another patient's")
    came = cells_of(client, case)[0]["id"]
    kept = client.post(f"{API}/cases/{case}/cells/{came}/remove")
    assert (kept.status_code, kept.json["code"]) == (409, "not-added")
    assert client.post(f"{API}/cases/{case}/cells/999/remove").status_code == 404
    assert client.get(f"{API}/verify").json["sound"]
