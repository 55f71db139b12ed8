"""What a case is read against: ranges, models and calls as they are now, or as they were signed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hemavision.casework.entered import Calls, find_calls
from hemavision.errors import SettingsError
from hemavision.reading.cell import Model
from hemavision.records.classes import ClassList, load_classes
from hemavision.records.critical import Critical, find_critical
from hemavision.records.json_values import as_json, of_type
from hemavision.records.reference import Profile, Profiles
from hemavision.report import ReportModel
from hemavision.store import Store
from hemavision.store.cases import find_version
from hemavision.store.cells import Tally
from hemavision.store.records import Case, State

_BEFORE = "This version was signed before HemaVision kept ranges and models with a signature: "


@dataclass(frozen=True)
class AtWork:
    """What a server or a command line reads cases with."""

    model: Model
    profiles: Profiles


@dataclass(frozen=True)
class Grounds:
    """What a case's counts are read against, and what its report says of models.

    Attributes:
        profile: the reference ranges; None where what was signed names ranges that are gone.
        types: that were looked for, in order.
        model: at work.
        calls: what an estimate is made from, if one is wanted and can be had.
        no_estimate: why one that is wanted cannot be had; empty otherwise.
        note: what a reader has to know of these, in a sentence; empty for nothing.
        signed: whether they are those of a signature.
        classes: of the case, which keeps them from its making on.
    """

    profile: Profile | None
    types: tuple[str, ...]
    model: ReportModel
    calls: Calls | None = None
    no_estimate: str = ""
    note: str = ""
    signed: bool = False
    classes: ClassList = field(default_factory=load_classes)

    def critical(self, cells: Tally, target: int) -> list[Critical]:
        """Return what must not be overlooked among cells that readers decided on, by type.

        From where the count to ``target`` has stopped, among those that it leaves out as well.
        """
        rules = self.profile.critical if self.profile else ()
        return find_critical(cells.decided, rules, self.classes, cells.rest(self.classes, target))

    def to_json(self) -> dict[str, Any]:
        """Return them as JSON values, to be signed."""
        return {
            "profile": self.profile.to_json() if self.profile else None,
            "types": list(self.types),
            "model": as_json(self.model),
            "calls": as_json(self.calls),
            "no_estimate": self.no_estimate,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any], classes: ClassList) -> Grounds:
        """Return what :meth:`to_json` gave, of a case with these classes."""
        profile, calls = values["profile"], values["calls"]
        return cls(
            Profile.from_json(profile) if profile else None,
            tuple(values["types"]),
            of_type(values["model"], ReportModel),
            of_type(calls, Calls) if calls else None,
            values["no_estimate"],
            signed=True,
            classes=classes,
        )


def find_grounds(store: Store, case: Case, at_work: AtWork) -> Grounds:
    """Return what a case is read against: a signed one, what was signed with it.

    Args:
        store: where the case is.
        case: as the store has it.
        at_work: now.

    Raises:
        SettingsError: a case that is not signed names reference ranges that are not known.
    """
    if case.state is not State.SIGNED:
        return grounds_now(store, case, at_work)
    figures = find_version(store, case.id, case.version).figures
    return (
        Grounds.from_json(figures, case.classes)
        if figures
        else _without_figures(store, case, at_work)
    )


def grounds_now(store: Store, case: Case, at_work: AtWork) -> Grounds:
    """Return what a case is read against by now, signed or not.

    Raises:
        SettingsError: its entries name reference ranges that are not known.
    """
    return _grounds(store, case, at_work.model, at_work.profiles.find(case.entries.profile))


def _without_figures(store: Store, case: Case, at_work: AtWork) -> Grounds:
    name, found = case.entries.profile, None
    try:
        found = at_work.profiles.find(name)
        note = f"the ranges are those of the profile {found.name!r} as they are today"
    except SettingsError:
        note = f"the profile {name!r} is not known here, so no ranges are shown"
    given = _grounds(store, case, at_work.model, found)
    return Grounds(
        given.profile, given.types, given.model, given.calls, given.no_estimate,
        f"{_BEFORE}{note}, and the model is the one at work.", classes=case.classes,
    )  # fmt: skip


def _grounds(store: Store, case: Case, model: Model, profile: Profile | None) -> Grounds:
    calls, no_estimate = None, ""
    if case.entries.estimate:
        try:
            calls = find_calls(store, case, model)
        except SettingsError as error:
            no_estimate = str(error)
    about = ReportModel.of(model.manifest, model.reference.sha256)
    types = model.manifest.cell_types
    return Grounds(profile, types, about, calls, no_estimate, classes=case.classes)
