from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from hemavision.datasets.leaks import find_leak, trained_protocols
from hemavision.datasets.protocols import (
    CLASSIFIERS,
    PROTOCOLS,
    Dataset,
    choose_protocol,
    find_dataset,
    measuring,
    open_split,
)
from hemavision.datasets.samples import open_sample
from hemavision.errors import DataError, SettingsError
from hemavision.reading.bundle import shipped_bundles


@pytest.fixture(scope="module")
def sets(data: Path) -> Dataset:
    return find_dataset(data)


def _leak(sets: Dataset, trained: str, protocol: str):
    split = open_split(sets, protocol, {trained})
    return find_leak({"protocol": trained}, sets, split)


def test_every_protocol_of_training_can_be_evaluated():
    # What all-laboratories keeps back is what unseen-cells and pbc test on.
    # A network that lacks a type cannot be right about it: familiarity is asked of those.
    left_out = {name for name in PROTOCOLS if name.startswith("type-out:")}
    measured = {protocol.name for protocol in measuring("classifier")}
    trained = set(CLASSIFIERS) - {"all-laboratories"} - left_out
    assert measured - {"unseen-cells-detected"} == trained


def test_a_record_names_only_what_there_is():
    shipped = {"", *(path.stem for path in shipped_bundles())}
    for name, protocol in PROTOCOLS.items():
        assert protocol.name == name
        assert bool(protocol.tested) == bool(protocol.tells)
        assert protocol.shown_with in ("", *PROTOCOLS)
        assert set(protocol.on_card) <= shipped
        assert protocol.is_measured, "a clone has every protocol's own bundle"


def test_a_set_is_found_from_itself_and_from_its_parent(data):
    assert find_dataset(data) == Dataset(data)
    assert find_dataset(data / "kaggle_wbc") == Dataset(data, "kaggle_wbc")
    assert find_dataset(data / "kaggle_wbc" / "TEST") == Dataset(
        data / "kaggle_wbc" / "TEST", own=True
    )
    with pytest.raises(DataError, match="No folder"):
        find_dataset(data / "nowhere")


@pytest.mark.parametrize(
    ("only", "asked", "chosen"),
    [
        ("", None, "unseen-cells"),
        ("kaggle_wbc", None, "unseen-cells"),
        ("kaggle_wbc", "seed", "seed"),
        ("jtsc", None, "lab-out:jtsc"),
        ("pbc", None, "pbc-four"),
        ("bccd", None, "lab-out:bccd"),
    ],
)
def test_the_protocol_fits_the_set(only, asked, chosen):
    assert choose_protocol(Dataset(Path("sets"), only), asked) == chosen


@pytest.mark.parametrize(
    ("dataset", "asked"),
    [
        (Dataset(Path("sets"), "jtsc"), "seed"),
        (Dataset(Path("sets")), "guess"),
        (Dataset(Path("mine"), own=True), "seed"),
        (Dataset(Path("sets"), "bccd"), "seed"),
    ],
)
def test_a_protocol_that_does_not_fit_is_refused(dataset, asked):
    with pytest.raises(SettingsError):
        choose_protocol(dataset, asked)


def test_honest_protocols_share_nothing(sets):
    assert _leak(sets, "unseen-cells", "unseen-cells").kind == "none"
    assert _leak(sets, "unseen-cells", "pbc-four").kind == "none"
    assert _leak(sets, "unseen-cells", "lab-out:jtsc").kind == "none"


@pytest.mark.parametrize("laboratory", ["bccd", "jtsc", "pbc"])
def test_a_withheld_laboratory_is_in_no_training(sets, laboratory):
    split = open_split(sets, f"lab-out:{laboratory}", ())
    trained = {s.source for s in split.train + split.validation}
    withheld = {"bccd", "kaggle_wbc"} if laboratory == "bccd" else {laboratory}
    assert trained
    assert not trained & withheld
    assert {s.source for s in split.test} == {laboratory}
    assert _leak(sets, f"lab-out:{laboratory}", f"lab-out:{laboratory}").kind == "none"


def test_the_default_model_saw_bccd(sets):
    assert _leak(sets, "unseen-cells", "lab-out:bccd").kind == "leaky"


def test_one_cell_of_a_field_is_cut_out_around_its_box(sets):
    cells = [s for s in open_split(sets, "lab-out:bccd", ()).test if s.path.stem.endswith("0001")]
    for cell in cells:
        rgb = open_sample(cell)
        wide = max(cell.box.right - cell.box.left, cell.box.bottom - cell.box.top)
        assert max(rgb.shape[:2]) <= 2 * wide + 1
        assert min(rgb.shape[:2]) >= wide


def test_the_seed_protocol_leaks_by_design(sets):
    leak = _leak(sets, "seed", "seed")
    assert leak.kind == "by-design"
    assert leak.shared_originals > 250
    assert leak.shared_images == 0


def test_seed_weights_have_seen_the_unseen_cells(sets):
    leak = _leak(sets, "seed", "unseen-cells")
    assert (leak.kind, leak.shared_originals) == ("leaky", 71)
    assert leak.shared_images > 1500


def test_honest_weights_have_seen_images_of_the_seed_test(sets):
    leak = _leak(sets, "unseen-cells", "seed")
    assert leak.kind == "leaky"
    assert leak.shared_images > 500


def test_pretraining_counts(sets):
    training = {"protocol": "unseen-cells", "start": {"protocol": "seed"}}
    assert trained_protocols(training) == {"unseen-cells", "seed"}
    split = open_split(sets, "unseen-cells", set())
    assert find_leak(training, sets, split).kind == "leaky"


def test_an_unknown_past_is_called_unknown(sets):
    split = open_split(sets, "unseen-cells", set())
    assert find_leak({}, sets, split).kind == "unknown"
    assert find_leak({"protocol": "folders:mine"}, sets, split).kind == "unknown"


def test_weights_started_from_who_knows_what_are_called_unknown(sets):
    split = open_split(sets, "unseen-cells", set())
    training = {"protocol": "unseen-cells", "start": "pretrain/final.weights.h5"}
    assert find_leak(training, sets, split).kind == "unknown"
    training["start"] = {"weights": "pretrain/final.weights.h5", "protocol": "pbc-four"}
    assert find_leak(training, sets, split).kind == "none"
    training["start"] |= {"start": "older/final.weights.h5"}
    assert find_leak(training, sets, split).kind == "unknown"


def test_a_set_of_ones_own_is_tested_whole_unless_trained_on(tmp_path):
    for number in range(10):
        for name in ("eosinophil", "monocyte"):
            path = tmp_path / "mine" / name / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (32, 32), (number, 0, 0)).save(path)
    own = find_dataset(tmp_path / "mine")
    assert own.own
    assert choose_protocol(own, None) == "folders"
    fresh = open_split(own, "folders", {"unseen-cells"})
    assert len(fresh.test) == 20
    kept_back = open_split(own, "folders", {"folders:mine"})
    assert len(kept_back.test) == 2
    assert find_leak({"protocol": "folders:mine"}, own, kept_back).kind == "none"
    assert find_leak({"protocol": "unseen-cells"}, own, fresh).kind == "unknown"
