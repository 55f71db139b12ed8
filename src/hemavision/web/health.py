"""Whether the process lives, and whether it can answer."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import numpy as np
from flask import Response, current_app

from hemavision import settings
from hemavision.reading.heard import Stage
from hemavision.records.json_values import Record, Sha256
from hemavision.store.database import USER
from hemavision.web.api.operations import Api, answer, operation
from hemavision.web.errors import Problem
from hemavision.web.identity import has_store, the_store
from hemavision.web.services import services

health = Api("health", "Operations", url_prefix="/health")

#: What answered so lately, in seconds, is not asked again: a busy server works for its users.
LATELY_S = 10.0
_GREY = np.full((64, 64, 3), 128, dtype=np.uint8)


@dataclass(frozen=True)
class Live(Record):
    """The process lives."""

    status: Literal["live"] = "live"


@dataclass(frozen=True)
class Ready(Record):
    """Model, detector and store answer.

    Attributes:
        store: sqlite or postgresql; None before the first case.
    """

    status: Literal["ready"]
    model: str
    sha256: Sha256
    detector: str | None
    store: str | None


@health.get("/live")
@operation(Live)
def live() -> Response:
    """Whether the process answers at all."""
    return answer(Live())


@health.get("/ready")
@operation(Ready, 503)
def ready() -> Response:
    """Whether model, detector and store answer.

    The first two are given one grey image, unless they answered somebody in the last ten seconds.
    `detector` is null where there is none. The store is asked where it is open already or a
    setting names it; the user's own file is made when the first case is, and `store` is null
    until then.
    """
    model, finder = services().model, services().detector
    if not _answered_lately(Stage.PASS):
        with _answering("model", "gave an error on a plain grey image"):
            list(model.predict_arrays([_GREY]))
        _note(Stage.PASS)
    if finder and not _answered_lately(Stage.DETECT):
        with _answering("detector", "gave an error on a plain grey image"):
            finder.find(_GREY)
        _note(Stage.DETECT)
    name, sha256 = model.reference.name, model.reference.sha256
    return answer(
        Ready("ready", name, sha256, finder.reference.name if finder else None, _dialect())
    )


def _answered_lately(stage: Stage) -> bool:
    heard = services().metrics.heard_at.get(stage)
    return heard is not None and time.monotonic() - heard < LATELY_S


def _note(stage: Stage) -> None:
    services().metrics.heard_at[stage] = time.monotonic()


def _dialect() -> str | None:
    """Return the kind of database that keeps the cases and answers; None where none is made yet."""
    if not has_store() and settings.text("store") == USER:
        return None
    with _answering("store of cases", "does not answer"):
        the_store().ping()
        return the_store().dialect


@contextmanager
def _answering(what: str, trouble: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        current_app.logger.exception("The %s does not answer", what)
        raise Problem("not-ready", f"The {what} {trouble}. It has been logged.") from error
