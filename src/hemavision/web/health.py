"""Whether the process lives, and whether it can answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from apiflask import APIBlueprint
from flask import Response, current_app, jsonify

from hemavision import settings
from hemavision.reading.cell import Model
from hemavision.reading.finding.finder import Finder
from hemavision.store.database import USER
from hemavision.web.api.schemas import Live, Ready, problem_responses
from hemavision.web.errors import Problem
from hemavision.web.identity import has_store, the_store
from hemavision.web.services import services

health = APIBlueprint("health", __name__, url_prefix="/health", tag="Operations")

_GREY = np.full((64, 64, 3), 128, dtype=np.uint8)


@health.get("/live")
@health.output(Live)
def live() -> Response:
    """Whether the process answers at all."""
    return jsonify(status="live")


@health.get("/ready")
@health.output(Ready)
@health.doc(responses=problem_responses(503))
def ready() -> Response:
    """Whether model, detector and store answer: the first two are given one grey image.

    `detector` is null where there is none. The store is asked where it is open already or a
    setting names it; the user's own file is made when the first case is, and `store` is null
    until then.
    """
    model: Model = services().model
    finder: Finder | None = services().detector
    with _answering("model", "gave an error on a plain grey image"):
        list(model.predict_arrays([_GREY]))
    if finder:
        with _answering("detector", "gave an error on a plain grey image"):
            finder.find(_GREY)
    store = _dialect()
    return jsonify(
        status="ready",
        model=model.reference.name,
        sha256=model.reference.sha256,
        detector=finder.reference.name if finder else None,
        store=store,
    )


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
