"""What a case's counts are read against: what was entered there, and this server's ranges."""

from __future__ import annotations

from flask import current_app
from marshmallow import fields
from marshmallow.validate import Length

from hemavision.reference import Profile
from hemavision.store.records import Entries
from hemavision.store.vocabulary import cell_types
from hemavision.web.api.bodies import Body, Flag
from hemavision.web.errors import Problem


class CountQuery(Body):
    """What is counted."""

    suggestions = Flag(
        load_default=False,
        metadata={
            "description": "Count the model's word where nobody has decided; what is unfamiliar "
            "to it is never counted."
        },
    )


class SlidesQuery(Body):
    """Which type's percentages are compared slide by slide."""

    cell_type = fields.String(required=True, validate=Length(1, 80))


def profile_of(entries: Entries) -> Profile:
    """Return the reference ranges that a case's entries name, or else this server's own.

    Raises:
        Problem: this server has no such profile.
    """
    wanted = entries.profile or own_profile()
    if wanted not in profiles():
        known = ", ".join(sorted(profiles()))
        raise Problem("unusable", f"No profile {wanted!r}; this server has {known}.")
    return profiles()[wanted]


def profiles() -> dict[str, Profile]:
    """Return the reference ranges that this server has, by name."""
    found: dict[str, Profile] = current_app.extensions["hemavision.profiles"]
    return found


def own_profile() -> str:
    """Return the name of the reference ranges that this server reads counts against."""
    name: str = current_app.config["DEFAULT_PROFILE"]
    return name


def model_types() -> tuple[str, ...]:
    """Return the types that the model at work can suggest: those are looked for."""
    types: tuple[str, ...] = current_app.extensions["hemavision"].manifest.cell_types
    return types


def known_types() -> tuple[str, ...]:
    """Return every type that a cell may be given here."""
    return cell_types(model_types())
