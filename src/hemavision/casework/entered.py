"""What a reader entered beside the cells, as a differential and a report take it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from hemavision.differential import Analyser, Confusion, Terms
from hemavision.differential.correction import check_calls
from hemavision.differential.counting import CORRECT_FROM
from hemavision.errors import SettingsError
from hemavision.reading.bundle import Manifest
from hemavision.reading.cell import Model
from hemavision.records.classes import ClassList
from hemavision.records.reference import Profile
from hemavision.store import Store
from hemavision.store.cells import count_suggestions
from hemavision.store.records import Case, Entries


@dataclass(frozen=True)
class Calls:
    """What the model called a case's cells, and how it called cells of known type."""

    counts: Mapping[str, int]
    confusion: Confusion


def terms_of(entries: Entries, profile: Profile | None, classes: ClassList) -> Terms:
    """Return what counts are read against.

    Args:
        entries: a case's.
        profile: the reference ranges that they name; None reads against none.
        classes: of the case.
    """
    return Terms(
        profile=profile,
        white_cells=entries.white_cells,
        target=entries.target,
        correct_from=math.inf if entries.nucleated_apart else CORRECT_FROM,
        classes=classes,
    )


def analyser_of(entries: Entries) -> Analyser | None:
    """Return what an analyser says of the same blood; None where nothing was entered."""
    if not entries.analyser:
        return None
    return Analyser(entries.analyser, entries.analyser_cells, name=entries.analyser_name)


def find_calls(store: Store, case: Case, model: Model) -> Calls:
    """Return what an estimate of the differential behind the model's calls is made from.

    Cells that are unfamiliar to the model count for nothing here either.

    Args:
        store: where the case is.
        case: whose cells were called.
        model: at work.

    Raises:
        SettingsError: another model called some of the cells, this one bears no confusions of an
            honest validation, or it called no white cell.
    """
    confusion = confusion_of(model.manifest)
    if confusion is None:
        raise SettingsError(f"The model {model.manifest.name} bears no validated confusions.")
    found = count_suggestions(store, case.id)
    foreign = sum(n for (sha256, _), n in found.items() if sha256 != model.reference.sha256)
    if foreign:
        raise SettingsError(
            f"Another model called {foreign} of the cells: its confusions are not known here."
        )
    calls = Calls({name: n for (_, name), n in found.items()}, confusion)
    check_calls(calls.counts, confusion)
    return calls


def confusion_of(manifest: Manifest) -> Confusion | None:
    """Return the validated confusions that a bundle bears; None where there are none.

    Of several validations that which held most of its types, then most cells. Figures of a split
    that leaks bear no confusions (``scripts/stamp_metrics.py``).
    """
    found = [
        Confusion(tuple(m["cell_types"]), tuple(map(tuple, m["confusion"])), protocol)
        for protocol, m in manifest.metrics.items()
        if "confusion" in m
    ]
    return max(found, key=_breadth, default=None)


def _breadth(confusion: Confusion) -> tuple[int, int]:
    cells = [sum(row) for row in confusion.counts]
    return sum(n > 0 for n in cells), sum(cells)
