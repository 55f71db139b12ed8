"""The API takes and answers what it always did: its shapes, written down in `contract.json`.

What a shape is called, and the words about it, may change. Where a change is meant, write
`contract(document)` there, and say in CHANGELOG.md what is new for whoever calls the API.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

Spec = dict[str, Any]
CONTRACT = Path(__file__).with_name("contract.json")
#: What says nothing of what is taken or answered.
WORDS = {"description", "examples", "title", "summary", "tags"}


def plain(value: Any, shapes: Spec, inside: tuple[str, ...] = ()) -> Any:
    """Return a part of the document without words, every shape in the place of its name."""
    if isinstance(value, list):
        return sorted((plain(one, shapes, inside) for one in value), key=as_text)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if not isinstance(value, dict):
        return value
    if "$ref" in value:
        name = value["$ref"].rpartition("/")[2]
        return name if name in inside else plain(shapes[name], shapes, (*inside, name))
    said = {word: v for word, v in value.items() if word not in WORDS and v not in ([], None)}
    members = said.pop("properties", {})
    found = {word: plain(v, shapes, inside) for word, v in said.items()}
    named = {name: plain(v, shapes, inside) for name, v in members.items()}
    return found | ({"properties": named} if named else {})


def as_text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def contract(document: Spec) -> dict[str, str]:
    """Return for each operation a digest of what it takes, answers and refuses."""
    shapes = document["components"]["schemas"]
    return {
        f"{method} {path}": hashlib.sha256(as_text(plain(operation, shapes)).encode()).hexdigest()[
            :16
        ]
        for path, methods in sorted(document["paths"].items())
        for method, operation in sorted(methods.items())
    }


def test_every_operation_is_what_it_was(client: FlaskClient) -> None:
    found = contract(client.get("/api/v1/openapi.json").json)
    kept = json.loads(CONTRACT.read_text(encoding="utf-8"))
    assert found == kept


def test_a_change_of_a_shape_is_found_and_one_of_words_is_not(client: FlaskClient) -> None:
    document: Spec = client.get("/api/v1/openapi.json").json
    before = contract(document)
    document["components"]["schemas"]["Case"]["description"] = "Other words."
    assert contract(document) == before
    document["components"]["schemas"]["Case"]["properties"]["slide"]["type"] = "integer"
    changed = {name for name, digest in contract(document).items() if digest != before[name]}
    assert "get /api/v1/cases" in changed
    assert "get /api/v1/models" not in changed
