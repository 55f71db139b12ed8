"""From a case in the store to the record that a report is made from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from hemavision.agreement import Agreement, compare_readers
from hemavision.casework.amended import as_of, changes_since
from hemavision.casework.entered import analyser_of, terms_of
from hemavision.casework.grounds import AtWork, find_grounds
from hemavision.casework.pictures import show_cells
from hemavision.casework.representative import representative_cells
from hemavision.report import Reading, ReportCell, ReportInput, ReportStatus
from hemavision.store import Store, reads
from hemavision.store.cases import find_case, list_versions
from hemavision.store.cells import find_cells
from hemavision.store.database import now
from hemavision.store.images import read_signed_heatmaps
from hemavision.store.records import Case, State, Version
from hemavision.store.tally import Tally, tally


@dataclass(frozen=True)
class Request:
    """What a report is wanted of.

    Attributes:
        case_id: the case; what was entered there is what its counts are read against.
        with_suggestions: count the model's word where nobody has decided.
        version: of the case, as it was signed; None is the case as it is.
    """

    case_id: int
    with_suggestions: bool = False
    version: int | None = None


def gather_report(store: Store, at_work: AtWork, wanted: Request) -> ReportInput:
    """Return everything that a case's report says; of a signed one, as it was signed.

    All of it is of one moment, whatever is changed meanwhile.

    Args:
        store: where the case is.
        at_work: what a case that is not signed is read with; its heatmaps are shown of cells that
            the model named itself.
        wanted: the report.

    Raises:
        MissingError: there is no such case, or no such version of it.
        SettingsError: a case that is not signed names reference ranges that are not known.
    """
    with store.at_one_moment() as still:
        return _gather(still, at_work, wanted)


def _gather(store: Store, at_work: AtWork, wanted: Request) -> ReportInput:
    case, versions = as_of(
        find_case(store, wanted.case_id), list_versions(store, wanted.case_id), wanted.version
    )
    grounds = find_grounds(store, case, at_work)
    cells = _tally(store, case, versions[-1])
    counts = cells.counts(grounds.types, with_suggestions=wanted.with_suggestions)
    last, calls = versions[-1], grounds.calls
    finished = _finished(store, case, last)
    agreement, of = _agreement(store, finished)
    critical = grounds.critical(cells.decided)
    return ReportInput(
        case_id=str(case.id),
        case_name=case.name,
        counts=counts,
        made_at=now(),
        terms=terms_of(case.entries, grounds.profile),
        status=_status(case),
        slide=case.slide,
        version=case.version,
        amendment_reason=last.reason,
        opened_at=case.created_at,
        signed_at=last.signed_at or "",
        readings=tuple(_readings(finished, versions)),
        critical=tuple(critical),
        acknowledged=tuple(last.figures.get("acknowledged", ())) if last.figures else (),
        cells=tuple(_shown(store, case, last, at_work, [one.rule.name for one in critical])),
        models=(grounds.model,),
        comment=case.entries.comment,
        analyser=analyser_of(case.entries),
        model_calls=calls.counts if calls else None,
        confusion=calls.confusion if calls else None,
        no_estimate=grounds.no_estimate,
        agreement=agreement,
        agreement_of=of,
        notes=tuple(filter(None, (grounds.note, changes_since(versions)))),
    )


def _tally(store: Store, case: Case, last: Version) -> Tally:
    if case.state is not State.SIGNED or last.decisions is None:
        return tally(store, case.id)
    return Tally(dict(Counter(last.decisions.values())), {}, 0)


def _status(case: Case) -> ReportStatus:
    if case.state is not State.SIGNED:
        return ReportStatus.PRELIMINARY
    return ReportStatus.FINAL if case.version == 1 else ReportStatus.AMENDED


def _finished(store: Store, case: Case, last: Version) -> list[reads.Read]:
    """Return the finished second readings, of a signed version those that were there by then."""
    found = [r for r in reads.list_reads(store, case.id) if r.state is reads.ReadState.FINISHED]
    if last.figures:
        return [read for read in found if read.id in last.figures["reads"]]
    until = last.signed_at
    return [read for read in found if until is None or (read.closed_at or "") <= until]


def _readings(finished: Sequence[reads.Read], versions: Sequence[Version]) -> list[Reading]:
    found = [
        Reading(v.signed_by, "signed", v.signed_at) for v in versions if v.signed_by and v.signed_at
    ]
    found += [Reading(r.reader, "second reader, blind", r.closed_at or "") for r in finished]
    return sorted(found, key=lambda reading: reading.at)


def _agreement(store: Store, finished: Sequence[reads.Read]) -> tuple[Agreement | None, str]:
    if not finished:
        return None, ""
    pairs = [p for p in reads.list_pairs(store, finished[-1].id) if p.first is not None]
    if not pairs:
        return None, ""
    first, second = [p.first or "" for p in pairs], [p.second for p in pairs]
    return compare_readers(first, second), f"second reader {finished[-1].reader}, blind"


def _shown(
    store: Store, case: Case, last: Version, at_work: AtWork, critical: Sequence[str]
) -> Iterator[ReportCell]:
    """Yield the cells that the report shows, of a signed version those that were signed."""
    if last.figures:
        cells = find_cells(store, case.id, last.figures["cells"])
        looks = show_cells(store, cells, None)
        signed = read_signed_heatmaps(store, case.id, last.version)
        looks = {n: replace(look, heatmap=signed.get(n)) for n, look in looks.items()}
    else:
        cells = representative_cells(store, case.id, critical)
        looks = show_cells(store, cells, at_work.model)
    said = last.decisions if case.state is State.SIGNED else None
    for cell in cells:
        kind = cell.decided_type if said is None else said.get(str(cell.id))
        if said is not None and kind is None:  # it came after the signature
            continue
        look = looks[cell.id]
        yield ReportCell.of(str(cell.id), kind or "", cell.suggestion, look.picture, look.heatmap)
