"""The OpenAPI document by rules that every operation keeps, and real answers held against it."""

from __future__ import annotations

import io
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from fakes import FakeEngine, FakeFinder
from fixtures_cases import at_once, make_model
from fixtures_images import cell_png
from flask.testing import FlaskClient

from hemavision.images.opening import open_image
from hemavision.reading.cell import Model
from hemavision.records.results import Box, CellKind, Detection, ModelReference
from hemavision.store import open_store
from hemavision.web import create_app

Spec = dict[str, Any]
API = "/api/v1"
#: What an answer, or a body, may lack; it always has everything else.
MAY_LACK = {
    "Item": {"error", "heatmaps", "notes", "overlay", "prediction"},
    "LiveCell": {"confidence", "heatmap", "heatmap_box", "probabilities", "status", "type"},
    "ProblemDetails": {"cells", "changes", "code", "limit", "results", "retry_after_s"},
    "SmearCell": {"heatmap", "overlay"},
    "SmearItem": {"error", "notes", "smear"},
    "EntriesBody": {
        "analyser", "analyser_cells", "analyser_name", "comment", "estimate", "nucleated_apart",
        "pixel_um", "profile", "target", "white_cells",
    },
    "CellChanges": {"opened", "seen"},
    "NewCase": {"slide"},
    "NewRead": {"sample", "seed"},
    "Signature": {"acknowledged", "uncounted"},
    "ReaderChange": {"disabled", "password", "role"},
    "Undo": {"batch"},
}  # fmt: skip
#: What may be null: there is none, nobody has said it yet, or it does not apply.
MAY_BE_NULL = {
    "Absolute": "reference",
    "Agreement": "kappa",
    "BlindCell": "decided_type",
    "CaseDifferential": "comparison estimate no_estimate profile",
    "CaseVersion": "signed_at signed_by",
    "CaseType": "key loinc loinc_name parent",
    "CellChange": "cell_type",
    "Cell": "added_by decided_at decided_by decided_type",
    "CellSummary": "added_by decided_at decided_by decided_type",
    "CellDescription": "absolute percent",
    "Critical": "per_100",
    "Decided": "batch",
    "Differential": "nucleated_red white_cells",
    "Share": "absolute more_cells reference",
    "EntriesBody": "analyser_cells pixel_um white_cells",
    "Entries": "analyser_cells pixel_um white_cells",
    "Estimates": "platelets_per_red white_per_1000_red",
    "Outcome": "error same_as",
    "Entry": "after before case_id case_revision cell_id image_sha256 model_sha256",
    "Pair": "first",
    "Prediction": "reasons",
    "ReadAgreement": "first_reader",
    "ReadOfCase": "first_reader",
    "Reader": "created_at",
    "Ready": "detector store",
    "Reasons": "compared_with",
    "Read": "closed_at closed_version",
    "SessionAnswer": "csrf reader",
    "Similar": "case_id cell_id reference_id",
    "SlideAgreement": "limits plot",
    "SmearCell": "prediction",
    "StoredImage": "pixel_um",
    "Suggestion": "seen",
    "Token": "revoked_at",
    "TypeAgreement": "interval positive_agreement",
}
LIMIT = re.compile("(min|max)(imum|Items|Length)")
#: What nobody has to be known for.
OPEN = re.compile(r"/(predict|metrics|health/.*|api/v1/(live|smears.*|models|classify|cell-types))")
#: What is sent in other forms than JSON.
PICTURES, FILES = re.compile(r".*/(part|picture|cutout|heatmap|thumbnail)"), "/report.{format_name}"
#: What an operation may refuse beside what follows from its path and what it takes.
ALSO_REFUSED = {
    "post /predict": {413, 429, 503},
    "post /api/v1/live": {413, 429, 503},
    "post /api/v1/smears": {413, 429, 503},
    "post /api/v1/smears/export": {413, 429},
    "post /api/v1/classify": {413, 429, 503},
    "get /health/ready": {503},
    "post /api/v1/session": {429},
    "post /api/v1/cases": {409},
    "post /api/v1/tokens": {404, 409},
    "post /api/v1/readers": {409},
    "patch /api/v1/readers/{name}": {409},
    "post /api/v1/cases/{case_id}/images": {413, 409, 429, 503},
    "post /api/v1/cases/{case_id}/cells/{cell_id}/remove": {409},
    "post /api/v1/cases/{case_id}/images/{image_id}/remove": {409},
    "get /api/v1/agreement": {404},
    "get /api/v1/cases/{case_id}/report.{format_name}": {429},
    "get /api/v1/cases/{case_id}/cells/{cell_id}/heatmap": {409},
    "get /api/v1/reads/{read_id}/pairs": {409},
    "get /api/v1/reads/{read_id}/agreement": {409},
    **{
        f"{method} /api/v1/{path}": {409}
        for method, path in (
            ("post", "cases/{case_id}/sign"), ("post", "cases/{case_id}/undo"),
            ("post", "cases/{case_id}/amend"), ("patch", "cases/{case_id}/cells"),
            ("post", "cases/{case_id}/reads"), ("patch", "reads/{read_id}/cells"),
            ("put", "cases/{case_id}/entries"), ("post", "reads/{read_id}/drop"),
            ("post", "reads/{read_id}/finish"),
            ("post", "cases/{case_id}/images/{image_id}/cells"),
        )
    },
}  # fmt: skip
#: Operations that make something: it is answered with its address or number.
MAKES = {"/cases", "/tokens", "/readers", "/cases/{case_id}/reads",
         "/cases/{case_id}/images/{image_id}/cells"}  # fmt: skip


@pytest.fixture(scope="module")
def document() -> Spec:
    spec: Spec = (
        create_app(make_model(), finder=FakeFinder()).test_client().get(f"{API}/openapi.json").json
    )
    return spec


def operations(document: Spec) -> Iterator[tuple[str, str, Spec]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def test_an_answer_has_all_that_it_is_said_to_have(document: Spec) -> None:
    lacking = {
        name: left
        for name, schema in document["components"]["schemas"].items()
        if (left := set(schema["properties"]) - set(schema.get("required", ())))
    }
    assert lacking == MAY_LACK


def test_an_answer_has_a_value_where_it_is_said_to_have_one(document: Spec) -> None:
    null = {
        name: " ".join(sorted(p for p, said in properties.items() if "'null'" in str(said)))
        for name, schema in document["components"]["schemas"].items()
        for properties in [schema["properties"]]
    }
    assert {name: names for name, names in null.items() if names} == MAY_BE_NULL


def test_every_operation_says_what_it_answers(document: Spec) -> None:
    for method, path, operation in operations(document):
        answers = {s: a for s, a in operation["responses"].items() if s.startswith("2")}
        (status,) = answers
        makes = method == "post" and path.removeprefix(API) in MAKES
        assert status == ("201" if makes else "204" if method == "delete" else "200"), path
        if method == "delete":
            assert "content" not in answers[status]
            continue
        schemas = [kind["schema"] for kind in answers[status]["content"].values()]
        if PICTURES.fullmatch(path) or path.endswith(FILES):
            assert {schema["format"] for schema in schemas} == {"binary"}
        elif path not in ("/metrics", f"{API}/smears/export"):
            assert [schema["$ref"].startswith("#/components/schemas/") for schema in schemas] == [
                True
            ], path
        assert operation["summary"]


def test_every_operation_says_how_it_refuses(document: Spec) -> None:
    """Who is not known, what is not there, what cannot be read or used."""
    for method, path, operation in operations(document):
        name = f"{method} {path}"
        in_query = any(p["in"] == "query" for p in operation.get("parameters", ()))
        expected = set(ALSO_REFUSED.get(name, ()))
        expected |= set() if OPEN.fullmatch(path) else {401, 403}
        expected |= {404} if "{" in path else set()
        expected |= {400} if in_query else set()
        if "requestBody" in operation:
            expected |= {415, 422} if path.endswith("/live") else {400, 415, 422}
        elif in_query and path not in (f"{API}/cell-types", f"{API}/agreement/reads"):
            expected |= {422}
        refused = {s: a for s, a in operation["responses"].items() if not s.startswith("2")}
        assert set(map(int, refused)) == expected, name
        for status, answer in refused.items():
            assert set(answer["content"]) == {"application/problem+json"}, name
            assert answer["description"], (name, status)


def limits(value: Any) -> Iterator[tuple[str, float]]:
    """Every limit in the document, wherever it stands."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if re.fullmatch(r"(min|max)(imum|Items|Length)", key) and isinstance(
                inner, int | float
            ):
                yield key, inner
            yield from limits(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from limits(inner)


def test_limits_are_those_that_are_meant(document: Spec) -> None:
    answers = ("Prediction", "Heatmaps", "SmearAnswer", "SmearCell", "Ratio", "DemoAnswer")
    schemas = document["components"]["schemas"]
    assert {limit for name in answers for limit in limits(schemas[name])} == {
        ("minimum", 0), ("minimum", 1), ("maximum", 1),
    }  # fmt: skip
    found = Counter(limits(document))
    assert {limit for limit, times in found.items() if times > 3} == {
        ("minimum", 0), ("minimum", 1), ("maximum", 1), ("maximum", 2**53 - 1), ("maximum", 1000),
        ("minItems", 1), ("minItems", 2), ("maxItems", 2), ("maxItems", 100), ("minLength", 1),
        ("maxLength", 80), ("maxLength", 200),
    }  # fmt: skip
    assert {limit for limit, times in found.items() if times <= 3} == {
        ("minimum", 0.01), ("maximum", 2.0), ("minimum", 32), ("maximum", 512), ("maximum", 192),
        ("minimum", 400), ("maximum", 599), ("maximum", 100),
        ("maximum", 10_000), ("maxItems", 10_000), ("minItems", 4), ("maxItems", 4),
        ("maxItems", 50),
        ("minLength", 15), ("minLength", 64), ("maxLength", 64),
        ("maxLength", 256), ("maxLength", 2000), ("maxLength", 4000),
    }  # fmt: skip
    for name, of_sides in (("Prediction", 1), ("Heatmaps", 1), ("SmearAnswer", 1), ("Ratio", None)):
        properties = schemas[name]["properties"]
        assert {properties[p].get("minimum") for p in ("width", "height") if p in properties} == (
            {of_sides} if of_sides else set()
        )
    for name in ("LeftOut", "Ratio"):
        assert {p["minimum"] for p in schemas[name]["properties"].values()} == {0}


class Checked:
    """A browser that holds every answer in JSON against the document, strictly."""

    def __init__(self, client: FlaskClient) -> None:
        self._client = client
        self._document: Spec = client.get(f"{API}/openapi.json").json
        for schema in self._document["components"]["schemas"].values():
            schema["additionalProperties"] = schema.get("additionalProperties", False)
        self.asked: set[str] = set()

    def __call__(self, method: str, path: str, **sent: Any) -> Any:
        answer = self._client.open(path, method=method.upper(), **sent)
        (template,) = [
            known
            for known, operations in self._document["paths"].items()
            if method in operations
            and re.fullmatch(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(known)), path.split("?")[0])
        ]
        said = self._document["paths"][template][method]["responses"][str(answer.status_code)]
        if answer.status_code != 204:
            schema = {"components": self._document["components"]}
            schema |= said["content"][answer.mimetype]["schema"]
            jsonschema_rs.validate(schema, answer.json)
        self.asked.add(f"{method} {template} {answer.status_code}")
        return answer.json

    def unasked(self, paths: str) -> set[str]:
        """Which operations of these paths have not been answered well, and answer in JSON."""
        return {
            name
            for method, path, operation in operations(self._document)
            if re.match(paths, path) and not PICTURES.fullmatch(path) and not path.endswith(FILES)
            for name in [f"{method} {path} {min(operation['responses'])}"]
        } - self.asked


FIELD = cell_png(0, 640, 480)
FOUND = [
    Detection(CellKind.WHITE, Box(300, 200, 400, 300), 0.9),
    Detection(CellKind.WHITE, Box(100, 300, 180, 380), 1.0),
    Detection(CellKind.RED, Box(500, 100, 550, 150), 0.9),
    Detection(CellKind.RED, Box(0, 100, 50, 150), 0.0),
]


@pytest.fixture
def ask(blank_file: Path, tmp_path: Path) -> Iterator[Checked]:
    store = open_store(shutil.copy(blank_file, tmp_path / "store.sqlite"))
    engine = FakeEngine(morphology={"granularity": ("yes", "no")}, confidence=1.0, novelty=0.0)
    model = Model(engine, ModelReference("fake", "0" * 64))
    finder = FakeFinder([(open_image(FIELD).rgb, FOUND)])
    yield Checked(create_app(model, "127.0.0.1", finder, store).test_client())
    store.close()


def files(*contents: bytes, **options: str) -> Spec:
    return {"images": [(io.BytesIO(c), f"{n}.png") for n, c in enumerate(contents)], **options}


def test_answers_about_images_are_as_the_document_says(ask: Checked) -> None:
    for heatmaps in ("none", "raw", "overlay", "all"):
        data = files(FIELD, b"no image", heatmaps=heatmaps)
        results = ask("post", f"{API}/classify", data=data)["results"]
        assert set(results[1]) == {"filename", "error"}
        smears = ask("post", f"{API}/smears", data=files(FIELD, b"", heatmaps=heatmaps))["results"]
        assert smears[0]["smear"]["counts"] == {"white_cell": 2, "red_cell": 2, "platelet": 0}
    blank = ask("post", f"{API}/smears", data=files(cell_png(3)))["results"][0]["smear"]
    assert (blank["cells"], blank["estimates"]["platelets_per_red"]) == ([], None)
    ask("post", f"{API}/classify", data=files(b""))
    ask("get", f"{API}/models")
    ask("get", f"{API}/cell-types")
    ask("get", f"{API}/cell-types?profile=mars")
    ask("get", "/health/live")
    ask("get", "/health/ready")
    ask("post", "/predict", data={"file": (io.BytesIO(FIELD), "a.png")})
    jpeg = {"data": FIELD, "content_type": "image/png"}
    ask("post", f"{API}/live", **jpeg)
    assert len(ask.asked) == 10


def test_answers_about_a_case_are_as_the_document_says(ask: Checked) -> None:
    number = ask("post", f"{API}/cases", json={"name": "Morning", "slide": "S-17"})["case"]["id"]
    case = f"{API}/cases/{number}"
    ask("post", f"{case}/images", data=files(FIELD, kind="field"))
    ask("post", f"{case}/images", data=files(*map(cell_png, (1, 2, 1)), b"none", kind="cell"))
    for path in ("", "/images", "/images/1/others", "/cells", "/cells/1", "/counts", "/entries",
                 "/cells/1/similar", "/thumbnails?cells=1,2", "/differential",
                 "/differential?suggestions=true", "/log", "/reads"):  # fmt: skip
        ask("get", case + path)
    box = {"left": 20, "top": 20, "right": 60, "bottom": 60}
    ask("post", f"{case}/images/1/cells", json={"box": box})
    assert ask("post", f"{case}/images/1/cells", json={"box": box})["code"] == "there-already"
    ask("get", f"{case}/cut")
    added = max(c["id"] for c in ask("get", f"{case}/cells")["cells"])
    ask("post", f"{case}/cells/{added}/remove")
    ask("post", f"{case}/images/3/remove", json={"reason": "Another patient's"})
    cells = ask("get", f"{case}/cells")["cells"]
    changes = [{"id": c["id"], "revision": 0, "cell_type": "neutrophil"} for c in cells]
    ask("patch", f"{case}/cells", json=at_once(changes))
    same = [changes[0] | {"revision": 1}]
    assert ask("patch", f"{case}/cells", json={"changes": same})["batch"] is None
    other = [changes[0] | {"cell_type": "blast"}]
    assert ask("patch", f"{case}/cells", json={"changes": other})["changes"]
    undone = ask("post", f"{case}/undo")["batch"]
    ask("post", f"{case}/undo", json={"batch": undone})
    entries = {"white_cells": 6.2, "analyser": {"neutrophil": 60.0}, "estimate": True, "target": 50}
    ask("put", f"{case}/entries", json={"revision": 0} | entries)
    ask("put", f"{case}/entries", json={"revision": 0} | entries)
    ask("get", f"{case}/differential")
    read = ask("post", f"{case}/reads", json={"sample": 3})["read"]["id"]
    blind = ask("get", f"{API}/reads/{read}/cells")["cells"]
    ask("post", f"{API}/reads/{read}/finish")
    ask("get", f"{case}/cells")
    second = [{"id": c["id"], "revision": 0, "cell_type": "monocyte"} for c in blind]
    ask(
        "patch",
        f"{API}/reads/{read}/cells",
        json=at_once(second),
    )
    ask("post", f"{API}/reads/{read}/finish")
    for path in (f"reads/{read}/pairs", f"reads/{read}/agreement", "agreement", "agreement/reads",
                 "agreement/slides?cell_type=neutrophil", "cases", "cases/99", "cases?limit=0",
                 "verify", "session", "tokens", "readers"):  # fmt: skip
        ask("get", f"{API}/{path}")
    ask("post", f"{API}/reads/{ask('post', f'{case}/reads')['read']['id']}/drop")
    for _ in range(2):
        revision = ask("get", case)["case"]["revision"]
        ask("post", f"{case}/sign", json={"revision": revision})
        ask("post", f"{case}/amend", json={"reason": "One was missed"})
    ask("get", case)
    assert ask.unasked(f"{API}/(cases|reads|agreement|verify)") == set()


def test_an_answer_that_is_not_as_it_is_said_to_be_is_found(ask: Checked) -> None:
    schemas = ask._document["components"]["schemas"]
    schemas["Cases"]["required"].append("pages")
    with pytest.raises(jsonschema_rs.ValidationError, match="pages"):
        ask("get", f"{API}/cases")
    del schemas["Live"]["properties"]["status"]
    with pytest.raises(jsonschema_rs.ValidationError, match="status"):
        ask("get", "/health/live")
