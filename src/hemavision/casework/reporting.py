"""From a case in the store to the record that a report is made from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hemavision.agreement import Agreement, compare_readers
from hemavision.casework.entered import Calls, analyser_of, find_calls, terms_of
from hemavision.casework.pictures import Wish, show_cutout, show_heatmap
from hemavision.errors import SettingsError
from hemavision.pipeline import Model
from hemavision.reference import Profile
from hemavision.report import Reading, ReportCell, ReportInput, ReportModel, ReportStatus
from hemavision.store import Store, reads
from hemavision.store.cases import find_case, list_versions
from hemavision.store.cells import Filter, list_cells
from hemavision.store.database import now
from hemavision.store.records import Case, Cell, Page, State, Version
from hemavision.store.tally import tally

#: Representative cells of each type: the surest one and the most doubtful one.
CELLS_A_TYPE = 2
#: Types whose cells are shown, and cells in all: one page prints well.
MOST_CELLS = 12


@dataclass(frozen=True)
class Request:
    """What a report is wanted of.

    Attributes:
        case_id: the case; what was entered there is what its counts are read against.
        profile: the reference ranges that its entries name.
        with_suggestions: count the model's word where nobody has decided.
    """

    case_id: int
    profile: Profile | None = None
    with_suggestions: bool = False


def gather_report(store: Store, model: Model, wanted: Request) -> ReportInput:
    """Return everything that a case's report says.

    Args:
        store: where the case is.
        model: at work; its heatmaps are shown of cells that it named itself.
        wanted: the report.

    Raises:
        MissingError: there is no such case.
    """
    case, versions = find_case(store, wanted.case_id), list_versions(store, wanted.case_id)
    types = model.manifest.cell_types
    counts = tally(store, case.id).counts(types, with_suggestions=wanted.with_suggestions)
    agreement, of = _agreement(store, case)
    last = versions[-1]
    calls, no_estimate = _calls(store, case, model)
    return ReportInput(
        case_id=str(case.id),
        case_name=case.name,
        counts=counts,
        made_at=now(),
        terms=terms_of(case.entries, wanted.profile),
        status=_status(case),
        slide=case.slide,
        version=case.version,
        amendment_reason=last.reason,
        opened_at=case.created_at,
        signed_at=last.signed_at or "",
        readings=tuple(_readings(store, versions, case)),
        cells=tuple(_show(store, model, cell) for cell in _representative(store, case)),
        models=(ReportModel.of(model.manifest, model.reference.sha256),),
        comment=case.entries.comment,
        analyser=analyser_of(case.entries),
        model_calls=calls.counts if calls else None,
        confusion=calls.confusion if calls else None,
        no_estimate=no_estimate,
        agreement=agreement,
        agreement_of=of,
    )


def _calls(store: Store, case: Case, model: Model) -> tuple[Calls | None, str]:
    """Return what an estimate is made from if one is wanted, or why there is none."""
    if not case.entries.estimate:
        return None, ""
    try:
        return find_calls(store, case, model), ""
    except SettingsError as error:
        return None, str(error)


def _status(case: Case) -> ReportStatus:
    if case.state is not State.SIGNED:
        return ReportStatus.PRELIMINARY
    return ReportStatus.FINAL if case.version == 1 else ReportStatus.AMENDED


def _readings(store: Store, versions: Sequence[Version], case: Case) -> Iterator[Reading]:
    found = [
        Reading(v.signed_by, "signed", v.signed_at) for v in versions if v.signed_by and v.signed_at
    ]
    for read in reads.list_reads(store, case.id):
        if read.state is reads.ReadState.FINISHED and read.closed_at:
            found.append(Reading(read.reader, "second reader, blind", read.closed_at))
    yield from sorted(found, key=lambda reading: reading.at)


def _agreement(store: Store, case: Case) -> tuple[Agreement | None, str]:
    finished = [r for r in reads.list_reads(store, case.id) if r.state is reads.ReadState.FINISHED]
    if not finished:
        return None, ""
    pairs = [p for p in reads.list_pairs(store, finished[-1].id) if p.first is not None]
    if not pairs:
        return None, ""
    first, second = [p.first or "" for p in pairs], [p.second for p in pairs]
    return compare_readers(first, second), f"second reader {finished[-1].reader}, blind"


def _representative(store: Store, case: Case) -> list[Cell]:
    """Return of each decided type the most doubtful cell and the surest one."""
    decided, _ = list_cells(store, case.id, Filter(decided=True), Page(100_000))
    by_type: defaultdict[str, list[Cell]] = defaultdict(list)
    for cell in decided:
        by_type[cell.decided_type or ""].append(cell)
    chosen: list[Cell] = []
    for cells in sorted(by_type.values(), key=len, reverse=True):
        chosen += [cells[-1], cells[0]][: min(CELLS_A_TYPE, len(cells))]
    return chosen[:MOST_CELLS]


def _show(store: Store, model: Model, cell: Cell) -> ReportCell:
    picture = show_cutout(store, cell).content
    own = cell.suggestion.model.sha256 == model.reference.sha256
    heatmap = show_heatmap(store, cell, model, Wish()).content if own else None
    return ReportCell.of(str(cell.id), cell.decided_type or "", cell.suggestion, picture, heatmap)
