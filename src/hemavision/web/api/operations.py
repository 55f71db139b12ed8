"""What an endpoint takes, answers and refuses: said once beside it, and read by the document."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from flask import Blueprint, Response

from hemavision.records.json_values import Record, as_json
from hemavision.web.api.bodies import KEY, Body

View = TypeVar("View", bound=Callable[..., Any])
JSON = "application/json"
ROOT = "/api/v1"
#: A file of any kind, for the document.
BINARY = {"type": "string", "format": "binary"}


class Api(Blueprint):
    """Endpoints that stand under one heading of the document."""

    def __init__(self, name: str, heading: str, url_prefix: str | None = ROOT) -> None:
        super().__init__(name, __name__, url_prefix=url_prefix)
        self.heading = heading


@dataclass(frozen=True)
class Files:
    """An answer that is no JSON record.

    Attributes:
        description: what it is.
        content: media type → JSON Schema.
    """

    description: str
    content: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Operation:
    """One endpoint's contract.

    Attributes:
        answers: the record that it answers with; None for no content.
        refuses: HTTP statuses of the problems that it may answer with instead.
        query: what its address may say.
        body: what its JSON body may say.
        status: of its answer.
        more: of the OpenAPI operation, where types cannot say it.
    """

    answers: type | Files | None
    refuses: tuple[int, ...]
    query: type[Body] | None = None
    body: type[Body] | None = None
    status: int = 200
    more: Callable[[], Mapping[str, Any]] = field(default=dict)


def operation(answers: type | Files | None, *refuses: int, **more: Any) -> Callable[[View], View]:
    """Return a decorator that notes an endpoint's :class:`Operation`; goes under its route."""

    def note(view: View) -> View:
        view.operation = Operation(answers, refuses, **more)  # type: ignore[attr-defined]
        return view

    return note


def takes_key() -> dict[str, Any]:
    """Say of an operation that a request may come again without changing anything again."""
    said = "A request that comes again with the same key changes nothing again, for a day."
    pattern = {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"}
    parameter = {"name": KEY, "in": "header", "required": False, "schema": pattern}
    return {"parameters": [parameter | {"description": said}]}


def files(description: str, *media_types: str) -> Files:
    """Return an answer that is a file of one of these kinds."""
    return Files(description, dict.fromkeys(media_types, BINARY))


def answer(record: Record, status: int = 200) -> Response:
    """Return a record as the answer: compact JSON, in the order of its members."""
    text = json.dumps(as_json(record), separators=(",", ":"), allow_nan=False)
    return Response(text, status=status, mimetype=JSON)
