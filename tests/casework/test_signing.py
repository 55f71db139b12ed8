"""What is signed stays as signed, whatever becomes of profiles, models and second readings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fakes import FakeEngine
from fixtures_cases import cells_of, decide_all, new_image
from sqlalchemy import text

from hemavision.casework import reporting
from hemavision.casework.grounds import AtWork
from hemavision.casework.reporting import Request, gather_report, percents_by_slide
from hemavision.casework.signing import Signature, sign
from hemavision.errors import ConflictError, MissingError, RefusedError
from hemavision.reading.bundle import Manifest
from hemavision.reading.cell import Model
from hemavision.records.cells import EIGHT_TYPES
from hemavision.records.reference import load_profiles
from hemavision.records.results import ModelReference
from hemavision.report import FORMATS, Report, ReportInput
from hemavision.report.findings import in_words
from hemavision.store import Store
from hemavision.store.cases import amend_case, enter, find_case, list_versions, sign_case
from hemavision.store.cells import decide
from hemavision.store.images import add_image
from hemavision.store.records import Case, Cell, Change, Entries
from hemavision.store.second_readings import ReadState, close_read, decide_blind, open_read
from hemavision.store.verification import verify

Filled = Callable[..., Case]
MOMENT, LATER = "2026-11-25T14:10:00.000000+00:00", "2027-11-25T15:11:00.000000+00:00"
PROFILE = """
name = "{name}"
title = "Adults, {name}"
source = "Validation {low}"
[cell_types.neutrophil]
percent = [{low}, 75]
absolute = [1.5, 7.5]
[cell_types.monocyte]
percent = [1, 9]
"""


class Validated(FakeEngine):
    """The fake engine, with a validation in its manifest."""

    @property
    def manifest(self) -> Manifest:
        kinds = super().manifest.cell_types
        counts = [[90 if a == b else 3 for b in kinds] for a in kinds]
        held_out = {"cell_types": list(kinds), "confusion": counts, "accuracy": 0.9}
        return replace(super().manifest, metrics={"held-out": held_out | {"n_images": 400}})


@pytest.fixture
def laboratory(tmp_path: Path) -> Path:
    """A laboratory's own profile."""
    path = tmp_path / "lab.toml"
    path.write_text(PROFILE.format(name="lab", low=45))
    return path


@pytest.fixture
def at_work(laboratory: Path) -> AtWork:
    return AtWork(Model(Validated(), ModelReference("fake", "0" * 64)), load_profiles(laboratory))


@pytest.fixture
def decided(store: Store, filled: Filled) -> Case:
    """A case with everything entered that a report can say, decided on."""
    case = filled(2)
    decide_all(store, case, "neutrophil")
    read_again(store, cells_of(store, case), "bob", "monocyte")
    values = Entries(white_cells=6.2, analyser={"neutrophil": 60.0}, estimate=True, comment="Few.")
    enter(store, case.id, values, "ann")
    return find_case(store, case.id)


def report(store: Store, at_work: AtWork, case: Case) -> ReportInput:
    return gather_report(store, at_work, Request(case.id))


def in_every_format(
    store: Store, at_work: AtWork, case: Case, *, but: str = ""
) -> dict[str, bytes]:
    made = Report.of(report(store, at_work, case))
    return {name: wanted.write(made) for name, wanted in FORMATS.items() if name != but}


def read_again(store: Store, cells: list[Cell], who: str, kind: str) -> None:
    """Read these cells of a case a second time, all of them as one type."""
    read = open_read(store, cells[0].case_id, who)
    assert read.cells == len(cells)
    changes = [Change(cell.id, 0, kind) for cell in cells]
    decide_blind(store, read.id, changes, who)
    close_read(store, read.id, ReadState.FINISHED, who)


def a_year_later(tmp_path: Path) -> AtWork:
    """Another model, another default profile, and not a word of the one that was signed."""
    other = tmp_path / "other.toml"
    other.write_text(PROFILE.format(name="other", low=10))
    model = Model(FakeEngine(EIGHT_TYPES), ModelReference("another", "1" * 64))
    return AtWork(model, load_profiles(other))


def test_a_signed_report_is_the_same_a_year_later(
    store: Store,
    decided: Case,
    at_work: AtWork,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    signed = sign(store, at_work, decided.id, Signature(decided.revision, "ann"))
    assert signed.entries.profile == "lab"
    monkeypatch.setattr(reporting, "now", lambda: MOMENT)
    before = in_every_format(store, at_work, signed)
    read_again(store, cells_of(store, signed), "cleo", "neutrophil")
    then = a_year_later(tmp_path)
    assert in_every_format(store, then, signed) == before
    monkeypatch.setattr(reporting, "now", lambda: LATER)
    after = in_every_format(store, then, signed, but="pdf")
    assert after["csv"] == before["csv"]
    assert after["fhir"] == before["fhir"]
    for name, printed in (("json", b'"made_at"'), ("html", b"Made 2027-11-25 15:11 UTC by")):
        lines = zip(before[name].splitlines(), after[name].splitlines(), strict=True)
        (changed,) = [new for old, new in lines if new != old]
        assert printed in changed, name
    assert verify(store).sound


def test_every_signed_version_s_report_stays_and_a_later_one_says_what_changed(
    store: Store,
    decided: Case,
    at_work: AtWork,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reporting, "now", lambda: MOMENT)
    signed = sign(store, at_work, decided.id, Signature(decided.revision, "ann"))
    first = in_every_format(store, at_work, signed)
    amend_case(store, signed.id, "A monocyte", "sue")
    decide(store, signed.id, [Change(2, 1, "monocyte")], "ann")
    add_image(store, signed.id, new_image(7), "ann")
    decide(store, signed.id, [Change(3, 0, "lymphocyte")], "ann")
    entries = find_case(store, signed.id).entries
    enter(store, signed.id, replace(entries, comment="One monocyte."), "ann")
    now = find_case(store, signed.id)
    sign(store, at_work, now.id, Signature(now.revision, "sue"))
    wanted = Request(now.id, version=1)
    made = Report.of(gather_report(store, a_year_later(tmp_path), wanted))
    assert {name: f.write(made) for name, f in FORMATS.items()} == first
    second = gather_report(store, at_work, Request(now.id))
    assert (second.version, second.counts["monocyte"]) == (2, 1)
    assert second.notes == (
        "Changed since version 1: 1 cell added as lymphocyte (3); 1 cell from neutrophil to "
        "monocyte (2); entered anew: comment.",
    )
    assert gather_report(store, at_work, Request(now.id, version=2)) == second
    with pytest.raises(MissingError, match="no version 3"):
        gather_report(store, at_work, Request(now.id, version=3))


def test_a_changed_profile_changes_no_signed_range(
    store: Store, decided: Case, at_work: AtWork, laboratory: Path
) -> None:
    sign(store, at_work, decided.id, Signature(decided.revision, "ann"))
    laboratory.write_text(PROFILE.format(name="lab", low=5))
    changed = replace(at_work, profiles=load_profiles(laboratory))
    profile = report(store, changed, decided).terms.profile
    assert profile is not None
    ranges = {cell.name: (cell.percent, cell.absolute) for cell in profile.cell_types}
    assert ranges == {"neutrophil": ((45, 75), (1.5, 7.5)), "monocyte": ((1, 9), None)}
    assert (profile.title, profile.source) == ("Adults, lab", "Validation 45")


def test_what_another_model_is_at_work_with_changes_no_signed_figure(
    store: Store, decided: Case, at_work: AtWork, tmp_path: Path
) -> None:
    sign(store, at_work, decided.id, Signature(decided.revision, "ann"))
    given = report(store, a_year_later(tmp_path), decided)
    assert [model.name for model in given.models] == ["fake"]
    assert set(given.counts) == {*at_work.model.manifest.cell_types, "undecided"}
    assert given.confusion is not None
    assert given.confusion.protocol == "held-out"
    assert all(cell.heatmap for cell in given.cells)
    assert given.notes == ()


@pytest.mark.parametrize("with_figures", [True, False])
def test_agreement_is_that_of_the_moment_of_signing(
    store: Store, decided: Case, at_work: AtWork, with_figures: bool
) -> None:
    if with_figures:
        sign(store, at_work, decided.id, Signature(decided.revision, "ann"))
    else:
        sign_case(store, decided.id, decided.revision, "ann")
    read_again(store, cells_of(store, decided), "cleo", "neutrophil")
    given = report(store, at_work, decided)
    assert given.agreement is not None
    assert (given.agreement.same, given.agreement_of) == (0, "second reader bob, blind")
    assert [reading.reader for reading in given.readings] == ["bob", "ann"]
    amend_case(store, decided.id, "a second look", "sue")
    given = report(store, at_work, decided)
    assert given.agreement is not None
    assert (given.agreement.same, given.agreement_of) == (2, "second reader cleo, blind")


@pytest.mark.parametrize("after", ["find_case", "list_versions", "find_grounds"])
def test_a_report_is_of_one_moment(
    store: Store, decided: Case, at_work: AtWork, monkeypatch: pytest.MonkeyPatch, after: str
) -> None:
    """Whatever is amended and decided anew between two of its look-ups."""
    sign(store, at_work, decided.id, Signature(decided.revision, "ann"))
    monkeypatch.setattr(reporting, "now", lambda: MOMENT)
    before = report(store, at_work, decided)
    look_up = getattr(reporting, after)

    def amended_meanwhile(*arguments: Any) -> Any:
        found = look_up(*arguments)
        amend_case(store, decided.id, "a second look", "sue")
        decide_all(store, decided, "monocyte")
        return found

    monkeypatch.setattr(reporting, after, amended_meanwhile)
    assert report(store, at_work, decided) == before
    monkeypatch.setattr(reporting, after, look_up)
    later = report(store, at_work, decided)
    assert (later.status.value, later.counts["monocyte"]) == ("preliminary", 2)


def test_critical_cells_are_named_by_whoever_signs(
    store: Store, filled: Filled, at_work: AtWork
) -> None:
    case = filled(14)
    decide_all(store, case, "blast")
    case = find_case(store, case.id)
    before = report(store, at_work, case)
    assert [one.rule.name for one in before.critical] == ["blast"]
    assert [cell.cell_type for cell in before.cells] == ["blast"] * 12
    with pytest.raises(RefusedError, match="14 blast") as refused:
        sign(store, at_work, case.id, Signature(case.revision, "ann", ["erythroblast"]))
    assert refused.value.code == "critical"
    sign(store, at_work, case.id, Signature(case.revision, "ann", ["blast"]))
    assert report(store, at_work, case).acknowledged == ("blast",)
    for name, content in in_every_format(store, at_work, case, but="pdf").items():
        if name != "csv":
            assert b"Critical: Blast, 14 cells" in content, name
    assert list_versions(store, case.id)[0].figures["acknowledged"] == ["blast"]
    assert verify(store).sound


@pytest.mark.parametrize("known", [True, False])
def test_what_was_signed_without_ranges_says_so(
    store: Store, decided: Case, at_work: AtWork, known: bool
) -> None:
    """As every version was before ranges were kept: by the name of the profile alone."""
    entries = replace(decided.entries, profile="adult-uk" if known else "gone")
    revision = enter(store, decided.id, entries, "ann").revision
    case = sign_case(store, decided.id, revision, "ann")
    assert list_versions(store, case.id)[0].figures is None
    given = report(store, at_work, case)
    profile = given.terms.profile
    assert (profile.name if profile else None) == ("adult-uk" if known else None)
    (note,) = given.notes
    assert ("as they are today" if known else "'gone' is not known here") in note
    made = Report.of(given)
    for name in ("html", "csv", "json", "fhir"):
        assert b"before HemaVision kept" in FORMATS[name].write(made), name
    assert verify(store).sound


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE versions SET figures = NULL",
        "UPDATE signed_heatmaps SET png = CAST('x' AS {bytes})",
        "DELETE FROM signed_heatmaps",
    ],
)
def test_the_proof_covers_what_was_signed(
    store: Store, decided: Case, at_work: AtWork, statement: str
) -> None:
    sign(store, at_work, decided.id, Signature(decided.revision, "ann"))
    assert verify(store).sound
    kind = "BLOB" if store.dialect == "sqlite" else "bytea"
    with store.noting() as connection:
        connection.execute(text(statement.format(bytes=kind)))
    assert "is not as it was signed" in verify(store).problem


def test_a_case_that_cannot_be_signed_has_no_heatmap_made(
    store: Store, filled: Filled, at_work: AtWork, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = find_case(store, filled(2).id)
    monkeypatch.setattr("hemavision.casework.signing.show_cells", None)
    with pytest.raises(RefusedError, match="2 cells"):
        sign(store, at_work, case.id, Signature(case.revision, "ann"))
    decide_all(store, case)
    for seen in (case.revision, case.revision + 100):
        with pytest.raises(ConflictError):
            sign(store, at_work, case.id, Signature(seen, "ann"))


def test_what_is_beyond_the_target_is_signed_uncounted(
    store: Store, filled: Filled, at_work: AtWork
) -> None:
    case = filled(16)
    enter(store, case.id, Entries(target=12), "ann")
    cells = cells_of(store, case)

    def call(some: list[Cell], kind: str) -> Case:
        decide(store, case.id, [Change(cell.id, cell.revision, kind) for cell in some], "ann")
        return find_case(store, case.id)

    def beyond(who: str, now: Case) -> Signature:
        return Signature(now.revision, who, uncounted=True)

    now = call(cells[:11], "neutrophil")
    with pytest.raises(RefusedError, match="11 of 12 white cells are counted"):
        sign(store, at_work, case.id, beyond("ann", now))
    now = call(cells[11:12], "neutrophil")
    with pytest.raises(RefusedError, match="sign with these not counted") as refused:
        sign(store, at_work, case.id, Signature(now.revision, "ann"))
    assert refused.value.cells == tuple(cell.id for cell in cells[12:])
    assert sign(store, at_work, case.id, beyond("ann", now)).counts.decided == 12
    sentence = "4 further cells were not counted: the count stopped at 12."
    for name, content in in_every_format(store, at_work, case, but="pdf").items():
        told = b"not_counted" if name == "csv" else sentence.encode()
        assert told in content, name
    with_suggestions = Request(case.id, with_suggestions=True)
    assert gather_report(store, at_work, with_suggestions).counts["neutrophil"] == 12
    assert list_versions(store, case.id)[0].decisions == {
        str(cell.id): "neutrophil" if place < 12 else None for place, cell in enumerate(cells)
    }
    assert verify(store).sound
    # A second reader reads what was counted; what was not is in neither reading's shares.
    read_again(store, cells[:12], "bob", "monocyte")
    assert percents_by_slide(store, "monocyte", "sue") == ([0.0], [100.0])
    amend_case(store, case.id, "More", "sue")
    now = call(cells[12:13], "monocyte")
    sign(store, at_work, case.id, beyond("sue", now))
    later = report(store, at_work, case)
    assert f"1 cell from not counted to monocyte ({cells[12].id})" in " ".join(later.notes)
    assert gather_report(store, at_work, Request(case.id, version=1)).counts["undecided"] == 4


def test_what_is_critical_is_acknowledged_beyond_the_target_too(
    store: Store, filled: Filled, at_work: AtWork
) -> None:
    """What the model does not know stands for what nobody could name."""
    case = filled(3)
    add_image(store, case.id, new_image(7, novelty=9.0), "ann")
    enter(store, case.id, Entries(target=3), "ann")
    cells = cells_of(store, case)
    changes = [Change(cell.id, cell.revision, "neutrophil") for cell in cells[:3]]
    decide(store, case.id, changes, "ann")
    revision = find_case(store, case.id).revision
    with pytest.raises(RefusedError, match="1 unidentified"):
        sign(store, at_work, case.id, Signature(revision, "ann", uncounted=True))
    by = Signature(revision, "ann", ["unidentified"], uncounted=True)
    sign(store, at_work, case.id, by)
    signed = report(store, at_work, case)
    assert (signed.cells[0].number, signed.cells[0].cell_type) == (str(cells[3].id), "not_counted")
    made = Report.of(signed)
    assert "1 cell, 25.0 for each 100 white cells, 1 of them not counted" in in_words(made)[0]
