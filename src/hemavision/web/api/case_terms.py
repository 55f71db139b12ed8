"""What a case's counts are read against, as an address says it: for the numbers and the report."""

from __future__ import annotations

import math
import re
from typing import Any

from flask import current_app
from marshmallow import fields
from marshmallow.validate import Length, Range

from hemavision.differential import Analyser, Terms
from hemavision.differential.counting import CORRECT_FROM, MOST_WHITE_CELLS, TARGETS
from hemavision.reference import Profile
from hemavision.store.vocabulary import cell_types
from hemavision.web.api.bodies import LARGEST, Body, Flag, Whole
from hemavision.web.errors import Problem

_NUMBER = re.compile(r"[0-9]{1,3}(\.[0-9]{1,6})?", re.ASCII)
MOST_TARGET = 10_000


class TermsQuery(Body):
    """What the counts are read against."""

    suggestions = Flag(
        load_default=False,
        metadata={
            "description": "Count the model's word where nobody has decided; what is unfamiliar "
            "to it is never counted."
        },
    )
    profile = fields.String(
        validate=Length(1, 200), metadata={"description": "Name of the reference profile."}
    )
    white_cells = fields.Float(
        validate=Range(0, MOST_WHITE_CELLS),
        metadata={"description": "Total white cell count, 10⁹/L, for absolute counts."},
    )
    nucleated_apart = Flag(
        load_default=False,
        metadata={
            "description": "The analyser left nucleated red cells out of that count itself: do "
            "not correct it."
        },
    )
    target = Whole(
        validate=Range(1, MOST_TARGET),
        load_default=TARGETS[0],
        metadata={"description": "White cells to count."},
    )
    analyser = fields.String(
        validate=Length(1, 1000),
        metadata={
            "description": "What an analyser says of the same blood, percent: "
            "`neutrophil:58.2,lymphocyte:31`."
        },
    )
    analyser_cells = Whole(
        validate=Range(1, LARGEST),
        metadata={"description": "White cells that it classified, where it says so."},
    )
    analyser_name = fields.String(
        load_default="", validate=Length(0, 80), metadata={"description": "Its name."}
    )


class SlidesQuery(Body):
    """Which type's percentages are compared slide by slide."""

    cell_type = fields.String(required=True, validate=Length(1, 80))


def read_terms(query: dict[str, Any]) -> Terms:
    """Return what counts are read against.

    Raises:
        Problem: this server has no such profile.
    """
    profiles: dict[str, Profile] = current_app.extensions["hemavision.profiles"]
    wanted = query.get("profile", current_app.config["DEFAULT_PROFILE"])
    if wanted not in profiles:
        known = ", ".join(sorted(profiles))
        raise Problem("unusable", f"No profile {wanted!r}; this server has {known}.")
    return Terms(
        profile=profiles[wanted],
        white_cells=query.get("white_cells"),
        target=query["target"],
        correct_from=math.inf if query["nucleated_apart"] else CORRECT_FROM,
    )


def read_analyser(query: dict[str, Any]) -> Analyser | None:
    """Return what an analyser says; None where nothing was entered.

    Raises:
        Problem: the text is not as described.
    """
    text = query.get("analyser")
    if text is None:
        return None
    percents: dict[str, float] = {}
    for part in text.split(","):
        name, _, value = part.strip().partition(":")
        if name not in known_types() or name in percents or not _NUMBER.fullmatch(value):
            raise Problem(
                "unusable",
                f"'analyser': {part[:80]!r}; give each type once, as neutrophil:58.2. There are "
                f"{', '.join(known_types())}.",
            )
        percents[name] = float(value)
    return Analyser(percents, query.get("analyser_cells"), name=query["analyser_name"])


def model_types() -> tuple[str, ...]:
    """Return the types that the model at work can suggest: those are looked for."""
    types: tuple[str, ...] = current_app.extensions["hemavision"].manifest.cell_types
    return types


def known_types() -> tuple[str, ...]:
    """Return every type that a cell may be given here."""
    return cell_types(model_types())
