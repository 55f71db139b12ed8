"""What a case's report is made from; and what a case's entries and second readings come to."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from fakes import FakeEngine
from fixtures_cases import cells_of, decide_all, make_model, new_image
from fixtures_store import asked

from hemavision.casework import export
from hemavision.casework.entered import analyser_of, confusion_of, find_calls, terms_of
from hemavision.casework.export import Wanted, export_cells
from hemavision.casework.grounds import AtWork
from hemavision.casework.reporting import Request, gather_report, percents_by_slide
from hemavision.differential import Confusion, Flag
from hemavision.differential.counting import CORRECT_FROM
from hemavision.errors import SettingsError
from hemavision.reading.cell import Model
from hemavision.records.reference import load_profile, load_profiles
from hemavision.records.results import ModelReference
from hemavision.report import Report, ReportStatus, in_words, write_report
from hemavision.report.findings import PROVISIONAL
from hemavision.store import Store, second_readings
from hemavision.store.cases import amend_case, enter, find_case, sign_case
from hemavision.store.cells import decide
from hemavision.store.images import add_image
from hemavision.store.records import Case, Change, Entries, Page

Filled = Callable[..., Case]
PROFILES = load_profiles("default")
TYPES = ("neutrophil", "blast", "monocyte", "lymphocyte", "basophil", "eosinophil", "erythroblast")
FINISHED, DROPPED = second_readings.ReadState.FINISHED, second_readings.ReadState.DROPPED


def call(store: Store, case: Case, *types: str) -> None:
    """Decide on a case's cells, in their order."""
    changes = [
        Change(c.id, c.revision, t) for c, t in zip(cells_of(store, case), types, strict=True)
    ]
    decide(store, case.id, changes, "ann")


def sign(store: Store, case: Case) -> None:
    sign_case(store, case.id, find_case(store, case.id).revision, "ann")


def read_again(
    store: Store, case: Case, who: str, kind: str, state: second_readings.ReadState = FINISHED
) -> None:
    number = second_readings.open_read(store, case.id, who).id
    cells, _ = second_readings.list_blind_cells(store, number, Page())
    second_readings.decide_blind(store, number, [Change(c.id, 0, kind) for c in cells], who)
    second_readings.close_read(store, number, state, who)


def test_a_report_goes_with_its_case(store: Store, filled: Filled) -> None:
    case = filled(3)
    model = make_model()
    at_work, request = AtWork(model, PROFILES), Request(case.id)
    call(store, case, "neutrophil", "neutrophil", "blast")
    given = gather_report(store, at_work, request)
    assert (given.case_id, given.case_name, given.slide) == (str(case.id), "A case", "S-1")
    assert (given.status, given.version, given.signed_at) == (ReportStatus.PRELIMINARY, 1, "")
    assert (given.readings, given.agreement, given.agreement_of) == ((), None, "")
    assert {name: n for name, n in given.counts.items() if n} == {"neutrophil": 2, "blast": 1}
    assert set(model.manifest.cell_types) <= set(given.counts)
    assert (given.opened_at, given.analyser, given.model_calls) == (case.created_at, None, None)
    assert [m.name for m in given.models] == ["fake"]
    sign(store, case)
    given = gather_report(store, at_work, request)
    assert (given.status, given.version) == (ReportStatus.FINAL, 1)
    (reading,) = given.readings
    assert (reading.reader, reading.role, reading.at) == ("ann", "signed", given.signed_at)
    amend_case(store, case.id, "A miscount", "sue")
    assert gather_report(store, at_work, request).status is ReportStatus.PRELIMINARY
    sign(store, case)
    given = gather_report(store, at_work, request)
    assert (given.status, given.version) == (ReportStatus.AMENDED, 2)
    assert given.amendment_reason == "A miscount"
    assert [reading.role for reading in given.readings] == ["signed", "signed"]


def test_suggestions_count_where_they_are_wanted(store: Store, filled: Filled) -> None:
    case = filled(2)
    add_image(store, case.id, new_image(2, novelty=2.0), "ann")
    suggested = cells_of(store, case)[0].suggestion.cell_type
    counts = gather_report(store, AtWork(make_model(), PROFILES), Request(case.id)).counts
    assert (counts[suggested], counts["undecided"]) == (0, 3)
    wanted = Request(case.id, with_suggestions=True)
    given = gather_report(store, AtWork(make_model(), PROFILES), wanted)
    assert (given.counts[suggested], given.counts["undecided"]) == (2, 1)
    # Nothing is called high that nobody has looked at, in any form of the report.
    assert in_words(Report.of(given))[0] == PROVISIONAL
    assert {share.flag for share in Report.of(given).differential.shares} == {Flag.NONE}
    assert PROVISIONAL in write_report(given, "csv").content.decode()
    decide_all(store, case, suggested)
    given = gather_report(store, AtWork(make_model(), PROFILES), wanted)
    assert PROVISIONAL not in in_words(Report.of(given))
    assert Report.of(given).differential.shares[0].reference


def test_of_each_type_the_surest_cell_and_the_most_doubtful_are_shown(
    store: Store, filled: Filled
) -> None:
    case = filled(2)
    add_image(store, case.id, new_image(2, novelty=2.0), "ann")
    for index in range(3, 6):
        add_image(store, case.id, new_image(index), "ann")
    call(store, case, "blast", *["neutrophil"] * 4, "blast")
    cells = gather_report(store, AtWork(make_model(), PROFILES), Request(case.id)).cells
    # A blast is critical, so it goes before the commoner types.
    assert [cell.cell_type for cell in cells] == ["blast"] * 2 + ["neutrophil"] * 2
    assert (cells[3].number, cells[3].doubt) == ("3", "unfamiliar")
    assert cells[2].doubt == "confident"
    assert all(cell.heatmap and cell.picture for cell in cells)
    foreign = Model(FakeEngine(), ModelReference("other", "1" * 64))
    shown = gather_report(store, AtWork(foreign, PROFILES), Request(case.id)).cells
    assert [cell.heatmap for cell in shown] == [None] * 4


def test_a_report_shows_twelve_cells_at_most_and_one_cell_once(
    store: Store, filled: Filled
) -> None:
    case = filled(14)
    call(store, case, *TYPES, *TYPES)
    cells = gather_report(store, AtWork(make_model(), PROFILES), Request(case.id)).cells
    assert len(cells) == len({cell.number for cell in cells}) == 12
    single = filled(1)
    call(store, single, "blast")
    assert len(gather_report(store, AtWork(make_model(), PROFILES), Request(single.id)).cells) == 1


def test_second_readings_are_told_with_their_agreement(store: Store, filled: Filled) -> None:
    case = filled(4)
    call(store, case, "blast", "blast", "blast", "neutrophil")
    read_again(store, case, "eve", "monocyte", DROPPED)
    assert gather_report(store, AtWork(make_model(), PROFILES), Request(case.id)).agreement is None
    read_again(store, case, "eve", "neutrophil")
    read_again(store, case, "bob", "blast")
    sign(store, case)
    given = gather_report(store, AtWork(make_model(), PROFILES), Request(case.id))
    assert [(r.reader, r.role) for r in given.readings] == [
        ("eve", "second reader, blind"), ("bob", "second reader, blind"), ("ann", "signed"),
    ]  # fmt: skip
    assert given.agreement is not None
    assert (given.agreement.same, given.agreement.n_cells) == (3, 4)
    assert given.agreement_of == "second reader bob, blind"


def test_what_was_entered_is_read_against(store: Store, filled: Filled) -> None:
    case = filled(2)
    analyser = {"analyser": {"neutrophil": 60.0}, "analyser_cells": 900, "analyser_name": "A-1"}
    entries = Entries(target=50, white_cells=6.2, comment="Words", estimate=True, **analyser)
    enter(store, case.id, entries, "ann")
    profile = load_profile("adult-uk")
    at_work = AtWork(make_model(), load_profiles("adult-uk"))
    given = gather_report(store, at_work, Request(case.id))
    assert (given.terms.profile, given.terms.white_cells, given.terms.target) == (profile, 6.2, 50)
    assert given.comment == "Words"
    assert given.analyser is not None
    assert (given.analyser.cells, given.analyser.name) == (900, "A-1")
    assert given.no_estimate == "The model fake bears no validated confusions."
    assert (given.model_calls, given.confusion) == (None, None)
    assert terms_of(entries, None, case.classes).correct_from == CORRECT_FROM
    assert (
        terms_of(replace(entries, nucleated_apart=True), None, case.classes).correct_from
        == math.inf
    )
    assert analyser_of(replace(entries, analyser={})) is None


def validated(**metrics: object) -> Model:
    """The cases' model, as if it had been validated so."""
    engine = FakeEngine()
    engine._manifest = replace(engine.manifest, metrics=metrics)
    return Model(engine, ModelReference("fake", "0" * 64))


def test_an_estimate_is_made_of_the_model_s_own_calls(store: Store, filled: Filled) -> None:
    types = FakeEngine().manifest.cell_types
    even = [[9 * (a == b) + 1 for b in range(4)] for a in range(4)]
    model = validated(honest={"cell_types": types, "confusion": even}, other={"accuracy": 0.9})
    case = filled(3)
    add_image(store, case.id, new_image(3, novelty=2.0), "ann")
    enter(store, case.id, Entries(estimate=True), "ann")
    given = gather_report(store, AtWork(model, PROFILES), Request(case.id))
    named = cells_of(store, case)[0].suggestion.cell_type
    assert (given.model_calls or {})[named] == 3
    assert given.confusion == Confusion(types, tuple(map(tuple, even)), "honest")
    assert given.no_estimate == ""
    other = Model(model._engine, ModelReference("other", "1" * 64))
    with pytest.raises(SettingsError, match="Another model called 3 of the cells"):
        find_calls(store, find_case(store, case.id), other)


def test_of_several_validations_the_broadest_counts_and_then_the_largest() -> None:
    types = FakeEngine().manifest.cell_types
    narrow = [[500 * (a == b == 0) for b in range(4)] for a in range(4)]
    small, large = ([[n * (a == b) for b in range(4)] for a in range(4)] for n in (5, 6))
    found = confusion_of(
        validated(
            narrow={"cell_types": types, "confusion": narrow},
            large={"cell_types": types, "confusion": large},
            small={"cell_types": types, "confusion": small},
        ).manifest
    )
    assert found is not None
    assert found.protocol == "large"
    assert confusion_of(validated(leaky={"accuracy": 1.0}).manifest) is None


def test_two_readers_percentages_are_of_the_white_cells_of_a_slide(
    store: Store, filled: Filled
) -> None:
    first, undecided, dropped, last, red = (filled(4) for _ in range(5))
    call(store, first, "blast", "blast", "neutrophil", "erythroblast")
    call(store, last, *["neutrophil"] * 4)
    call(store, dropped, *["neutrophil"] * 4)
    call(store, red, *["erythroblast"] * 4)
    read_again(store, dropped, "bob", "blast", DROPPED)
    for case in (first, undecided, last, red):
        read_again(store, case, "bob", "blast")
    found = sorted(zip(*percents_by_slide(store, "blast", "ann"), strict=True))
    assert found == [(0.0, 100.0), (pytest.approx(200 / 3), 100.0)]
    second_readings.open_read(store, last.id, "eve")
    assert len(percents_by_slide(store, "blast", "eve")[0]) == 1, "eve has to stay blind"
    assert len(percents_by_slide(store, "blast", "ann")[0]) == 2


def test_many_slides_are_read_with_as_few_questions_as_one(store: Store, filled: Filled) -> None:
    for slides in range(1, 4):
        case = filled(2)
        call(store, case, "blast", "neutrophil")
        read_again(store, case, "bob", "blast")
        with asked() as statements:
            assert percents_by_slide(store, "blast", "ann") == ([50.0] * slides, [100.0] * slides)
        assert len(statements) == 2, "the readings, and what was said in them"


def test_an_export_goes_on_over_every_page(
    store: Store, filled: Filled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "_AT_ONCE", 2)
    monkeypatch.setattr(export, "Page", lambda limit=1, offset=0: Page(limit, offset))
    cases = [filled(n) for n in (5, 1, 4)]
    for case in cases:
        decide_all(store, case, "blast")
    steps: list[int] = []
    done = export_cells(store, tmp_path / "out", Wanted(), steps.append)
    assert (done.written, done.left_out, steps) == ({"blast": 10}, {}, [1] * 10)
    names = sorted(path.name for path in (tmp_path / "out" / "blast").iterdir())
    assert names == sorted(
        f"case{case.id}-cell{cell.id}.png" for case in cases for cell in cells_of(store, case)
    )
