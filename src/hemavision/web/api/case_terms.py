"""What a case's counts are read against: what was entered there, and this server's ranges."""

from __future__ import annotations

from hemavision.casework.grounds import AtWork, Grounds, find_grounds
from hemavision.errors import SettingsError
from hemavision.records.classes import ClassList
from hemavision.records.critical import types_under
from hemavision.records.reference import Profiles
from hemavision.store import Store
from hemavision.store.records import Case
from hemavision.web.errors import Problem
from hemavision.web.services import services


def at_work() -> AtWork:
    """Return what this server reads cases with."""
    return AtWork(services().model, profiles())


def grounds_of(store: Store, case: Case) -> Grounds:
    """Return what a case is read against: what was signed, or what its entries name.

    Raises:
        Problem: this server has no such profile.
    """
    try:
        return find_grounds(store, case, at_work())
    except SettingsError as error:
        raise Problem("unusable", str(error)) from error


def critical_types(case: Case) -> set[str]:
    """Return the types whose cells must not be overlooked in a case."""
    try:
        profile = profiles().find(case.entries.profile)
    except SettingsError:  # it names ranges that are gone: it shall open all the same
        profile = profiles().own
    rules = profile.critical
    return {name for rule in rules for name in types_under(rule, rules, case.classes)}


def profiles() -> Profiles:
    """Return the reference ranges that this server has."""
    found: Profiles = services().profiles
    return found


def model_types() -> tuple[str, ...]:
    """Return the types that the model at work can suggest: those are looked for."""
    types: tuple[str, ...] = services().model.manifest.cell_types
    return types


def known_types(classes: ClassList | None = None) -> tuple[str, ...]:
    """Return every type that a cell may be given: of a case's list, or of this server's."""
    return (classes or services().classes).names(model_types())
