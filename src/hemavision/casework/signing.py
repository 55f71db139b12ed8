"""Signing a case, with all that its report says."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from hemavision.casework.grounds import AtWork, grounds_now
from hemavision.casework.pictures import show_cells
from hemavision.casework.reporting import representative_cells
from hemavision.errors import RefusedError
from hemavision.records.critical import Critical
from hemavision.records.reference import display_name
from hemavision.store import Store
from hemavision.store.cases import find_case, sign_case
from hemavision.store.cells import tally
from hemavision.store.records import Case, Figures, State


@dataclass(frozen=True)
class Signature:
    """What a reader puts their name to.

    Attributes:
        revision: of the case as they saw it.
        who: signs.
        acknowledged: the critical types that they name.
        uncounted: leave out what nobody has decided on where the count has stopped.
        key: of the request; one that comes again is answered as the case is now, and signs nothing.
    """

    revision: int
    who: str
    acknowledged: Collection[str] = ()
    uncounted: bool = False
    key: str | None = None


def sign(store: Store, at_work: AtWork, number: int, by: Signature) -> Case:
    """Sign a case together with the ranges, the model and the heatmaps of its report.

    They are looked up before the store is written to: the case's revision proves that they are of
    what is signed.

    Args:
        store: where it is.
        at_work: what it is read with.
        number: of the case.
        by: the reader's.

    Raises:
        MissingError: there is no such case.
        RefusedError: it is signed already, has no cells, some are undecided that the count cannot
            do without, or a critical type is not acknowledged.
        ConflictError: it was changed after the signature's revision.
        SettingsError: it names reference ranges that are not known.
    """
    case = find_case(store, number)
    if case.revision != by.revision:  # below its own, so that no later change can make it right
        seen = min(by.revision, case.revision - 1)
        return sign_case(store, number, seen, by.who, key=by.key)
    cells = tally(store, number)
    rest = cells.rest(case.classes, case.entries.target) if by.uncounted else {}
    if case.state is State.SIGNED or cells.undecided > sum(rest.values()):
        return sign_case(store, number, by.revision, by.who, key=by.key)  # says what is in the way
    grounds = grounds_now(store, case, at_work)
    critical = grounds.critical(cells, case.entries.target)
    _refuse_unacknowledged(critical, by.acknowledged)
    shown = representative_cells(store, number, critical)
    looks = show_cells(store, shown, at_work.model)
    heatmaps = {cell: look.heatmap for cell, look in looks.items() if look.heatmap}
    values = grounds.to_json() | {
        "cells": [cell.id for cell in shown],
        "acknowledged": [one.rule.name for one in critical],
    }
    if rest:
        values["uncounted"] = {"suggested": cells.suggested, "unfamiliar": cells.unfamiliar}
    profile = grounds.profile.name if grounds.profile else ""
    figures = Figures(profile, values, heatmaps, by.uncounted)
    return sign_case(store, number, by.revision, by.who, figures, by.key)


def _refuse_unacknowledged(critical: Sequence[Critical], named: Collection[str]) -> None:
    missing = [one for one in critical if one.rule.name not in named]
    if missing:
        words = ", ".join(f"{one.count} {display_name(one.rule.name).lower()}" for one in missing)
        names = ", ".join(one.rule.name for one in missing)
        raise RefusedError(
            "critical",
            f"The case holds critical cells that are not acknowledged: {words}. Look at them, then "
            f"sign and name them ({names}).",
        )
