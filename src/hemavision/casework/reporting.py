"""From a case in the store to the record that a report is made from."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from hemavision.agreement import Agreement, compare_readers
from hemavision.casework.entered import analyser_of, terms_of
from hemavision.casework.grounds import AtWork, find_grounds
from hemavision.casework.pictures import show_cells
from hemavision.errors import MissingError
from hemavision.records.cells import NOT_COUNTED, UNIDENTIFIED
from hemavision.records.classes import ClassList
from hemavision.records.critical import Critical
from hemavision.records.reference import type_words
from hemavision.records.results import Status
from hemavision.report import Reading, ReportCell, ReportInput, ReportStatus
from hemavision.store import Store, second_readings
from hemavision.store.cases import find_case, list_versions
from hemavision.store.cells import Filter, Tally, find_cells, list_cells, tally
from hemavision.store.database import now
from hemavision.store.images import read_signed_heatmaps
from hemavision.store.records import Case, Cell, Entries, Page, State, Version
from hemavision.words import _, n_

#: Most cells of one change that are named by number.
_NAMED = 10


def as_of(
    case: Case, versions: Sequence[Version], wanted: int | None
) -> tuple[Case, Sequence[Version]]:
    """Return a case as one of its versions was signed, and the versions up to that one.

    Args:
        case: as it is.
        versions: all of its versions, the first one first.
        wanted: which; None, or the one that is open, is the case as it is.

    Raises:
        MissingError: the case has no such version.
    """
    if wanted is None or wanted == case.version:
        return case, versions
    found = [version for version in versions if version.version == wanted]
    if not found:
        raise MissingError(f"There is no version {wanted} of case {case.id}.")
    (signed,) = found
    entries = Entries(**signed.entries) if signed.entries is not None else case.entries
    then = replace(case, state=State.SIGNED, version=wanted, entries=entries)
    return then, versions[: versions.index(signed) + 1]


def changes_since(versions: Sequence[Version]) -> str:
    """Return in a sentence what the last version changed of the one signed before it, or ""."""
    *earlier, last = versions
    before = [version for version in earlier if version.signed_at]
    if not before or last.decisions is None:
        return ""
    then, parts = before[-1], []
    moved: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    said = {cell: kind or NOT_COUNTED for cell, kind in (then.decisions or {}).items()}
    for cell, named in last.decisions.items():
        was, kind = said.get(cell, ""), named or NOT_COUNTED
        if was != kind:
            moved[was, kind].append(cell)
    for (was, kind), cells in sorted(moved.items()):
        some_of = ", ".join(cells[:_NAMED]) + (", …" if len(cells) > _NAMED else "")
        after = type_words(kind)
        parts.append(
            n_(
                "{n} cell from {before} to {after} ({cells})",
                "{n} cells from {before} to {after} ({cells})",
                len(cells),
                before=type_words(was),
                after=after,
                cells=some_of,
            )
            if was
            else n_(
                "{n} cell added as {after} ({cells})",
                "{n} cells added as {after} ({cells})",
                len(cells),
                after=after,
                cells=some_of,
            )
        )
    now, once = last.entries or {}, then.entries or {}
    entered = [n for n in now if n != "revision" and now[n] != once.get(n)]
    if entered:
        parts.append(
            _("entered anew: {names}", names="; ".join(n.replace("_", " ") for n in entered))
        )
    return _(
        "Changed since version {version}: {what}.",
        version=then.version,
        what="; ".join(parts) or _("nothing"),
    )


#: Representative cells of each type: the surest one and the most doubtful one.
CELLS_A_TYPE = 2
#: Types whose cells are shown, and cells in all: one page prints well.
MOST_CELLS = 12


def representative_cells(store: Store, case_id: int, critical: Sequence[Critical]) -> list[Cell]:
    """Return the critical cells, and of each other decided type the most doubtful and the surest.

    Args:
        store: where the case is.
        case_id: of the case.
        critical: of which types it holds a critical number, the weightiest first. All their cells
            are shown while the page has room, and as many of each, those not counted as well.
    """
    found, _ = list_cells(store, case_id, Filter(), Page(100_000))
    by_type: defaultdict[str, list[Cell]] = defaultdict(list)
    left: defaultdict[str, list[Cell]] = defaultdict(list)
    for cell in found:
        if cell.decided_type is not None:
            by_type[cell.decided_type].append(cell)
        else:
            strange = cell.suggestion.status is Status.UNFAMILIAR
            left[UNIDENTIFIED if strange else cell.suggestion.cell_type].append(cell)
    chosen: list[Cell] = []
    types = [(name, one.uncounted) for one in critical for name in one.types]
    for name, beyond in types:
        both = by_type.pop(name, []) + (left[name] if beyond else [])
        chosen += both[: MOST_CELLS // len(types)]
    for cells in sorted(by_type.values(), key=len, reverse=True):
        chosen += [cells[-1], cells[0]][: min(CELLS_A_TYPE, len(cells))]
    return chosen[:MOST_CELLS]


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
    # Nothing is suggested any more in what was signed: it was counted, or left out.
    suggests = wanted.with_suggestions and case.state is not State.SIGNED
    counts = cells.counts(grounds.types, with_suggestions=suggests)
    last, calls = versions[-1], grounds.calls
    finished = _finished(store, case, last)
    agreement, of = _agreement(store, finished)
    critical = grounds.critical(cells, case.entries.target)
    provisional = suggests and cells.is_provisional
    return ReportInput(
        case_id=str(case.id),
        case_name=case.name,
        counts=counts,
        made_at=now(),
        terms=terms_of(case.entries, None if provisional else grounds.profile, case.classes),
        status=_status(case),
        slide=case.slide,
        version=case.version,
        amendment_reason=last.reason,
        opened_at=case.created_at,
        signed_at=last.signed_at or "",
        readings=tuple(_readings(finished, versions)),
        critical=tuple(critical),
        acknowledged=tuple(last.figures.get("acknowledged", ())) if last.figures else (),
        cells=tuple(_shown(store, case, last, at_work, critical)),
        models=(grounds.model,),
        comment=case.entries.comment,
        analyser=analyser_of(case.entries),
        model_calls=calls.counts if calls else None,
        confusion=calls.confusion if calls else None,
        no_estimate=grounds.no_estimate,
        agreement=agreement,
        agreement_of=of,
        provisional=provisional,
        notes=tuple(filter(None, (grounds.note, changes_since(versions)))),
    )


def _tally(store: Store, case: Case, last: Version) -> Tally:
    if case.state is not State.SIGNED or last.decisions is None:
        return tally(store, case.id)
    decided = Counter(kind for kind in last.decisions.values() if kind is not None)
    kept = (last.figures or {}).get("uncounted")
    left = len(last.decisions) - decided.total()
    return Tally(dict(decided), **(kept or {"suggested": {}, "unfamiliar": left}))


def _status(case: Case) -> ReportStatus:
    if case.state is not State.SIGNED:
        return ReportStatus.PRELIMINARY
    return ReportStatus.FINAL if case.version == 1 else ReportStatus.AMENDED


def _finished(store: Store, case: Case, last: Version) -> list[second_readings.Read]:
    """Return the finished second readings, of a signed version those that were there by then."""
    found = [
        r
        for r in second_readings.list_reads(store, case.id)
        if r.state is second_readings.ReadState.FINISHED
    ]
    if last.figures:
        return [read for read in found if read.id in last.figures["reads"]]
    until = last.signed_at
    return [read for read in found if until is None or (read.closed_at or "") <= until]


def _readings(
    finished: Sequence[second_readings.Read], versions: Sequence[Version]
) -> list[Reading]:
    found = [
        Reading(v.signed_by, "signed", v.signed_at) for v in versions if v.signed_by and v.signed_at
    ]
    found += [Reading(r.reader, "second reader, blind", r.closed_at or "") for r in finished]
    return sorted(found, key=lambda reading: reading.at)


def _agreement(
    store: Store, finished: Sequence[second_readings.Read]
) -> tuple[Agreement | None, str]:
    if not finished:
        return None, ""
    pairs = [p for p in second_readings.list_pairs(store, finished[-1].id) if p.first is not None]
    if not pairs:
        return None, ""
    first, second = [p.first or "" for p in pairs], [p.second for p in pairs]
    return compare_readers(first, second), _("second reader {who}, blind", who=finished[-1].reader)


def _shown(
    store: Store, case: Case, last: Version, at_work: AtWork, critical: Sequence[Critical]
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
        if said is not None and str(cell.id) not in said:  # it came after the signature
            continue
        kind = cell.decided_type if said is None else said[str(cell.id)]
        look = looks[cell.id]
        name = kind or NOT_COUNTED
        yield ReportCell.of(str(cell.id), name, cell.suggestion, look.picture, look.heatmap)


def percents_by_slide(store: Store, cell_type: str, who: str) -> tuple[list[float], list[float]]:
    """Return what the first and the second reader made of each slide that both have read.

    Each finished second reading is a slide; percentages are of the white cells in it. Cases that
    the asking reader is reading a second time are left out: they must stay blind.

    Args:
        store: whose cases.
        cell_type: whose percentages.
        who: asks.

    Returns:
        Percentages, 0 to 100, in the same order.
    """
    first: list[float] = []
    second: list[float] = []
    finished = second_readings.list_finished(store, who)
    pairs_of = second_readings.list_all_pairs(store, [found.read for found in finished])
    for found in finished:
        pairs = pairs_of[found.read.id]
        if found.signed:  # what its count left out, it leaves out of both readings
            pairs = [pair for pair in pairs if pair.first is not None]
        ones = _percent([pair.first for pair in pairs], cell_type, found.classes)
        twos = _percent([pair.second for pair in pairs], cell_type, found.classes)
        if ones is not None and twos is not None:
            first.append(ones)
            second.append(twos)
    return first, second


def _percent(types: Sequence[str | None], cell_type: str, classes: ClassList) -> float | None:
    """Return a type's share of the white cells; None where one is undecided, or none is white."""
    counts = Counter(types)
    white = {name: n for name, n in counts.items() if name is not None and classes.counts(name)}
    if None in counts or not white:
        return None
    return 100 * white.get(cell_type, 0) / sum(white.values())
