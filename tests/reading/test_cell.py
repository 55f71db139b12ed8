"""One path for all users: the same numbers for a file, its bytes and its pixels."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from fakes import FakeEngine

import hemavision
from hemavision import Prediction, Status
from hemavision.errors import BundleError, ImageError
from hemavision.images.opening import open_image
from hemavision.reading import cell
from hemavision.reading.cell import Model
from hemavision.reading.finding import locate_cell
from hemavision.reading.preprocess import around
from hemavision.records.cells import EIGHT_TYPES, FOUR_TYPES
from hemavision.records.results import NOTICE, Box, ModelReference

#: One attribute, and cells of which type show which of its values how often.
GRANULES = {"granularity": ("yes", "no")}
GREY = np.full((40, 60, 3), 90, np.uint8)


class Told(FakeEngine):
    """Says of itself and of every crop what it is told to; knows how many crops a pass had."""

    def __init__(self, manifest=None, output=None, **options):
        super().__init__(**options)
        self._manifest = replace(self.manifest, **(manifest or {}))
        self.output = output or {}
        self.passes = []

    def run(self, crops):
        self.passes.append(len(crops))
        told = {
            name: np.broadcast_to(value, (len(crops), *np.shape(value)))
            for name, value in self.output.items()
        }
        return replace(super().run(crops), **told)


def model_of(engine):
    return Model(engine, ModelReference("fake", "0" * 64))


def answer_of(engine):
    (answer,) = model_of(engine).predict(GREY)
    return answer


@pytest.fixture(scope="module")
def paths(data):
    return [sorted((data / "kaggle_wbc" / "TEST" / t.upper()).iterdir())[5] for t in FOUR_TYPES]


def test_path_text_bytes_and_array_agree(model, paths):
    path = paths[0]
    sources = [path, str(path), path.read_bytes(), open_image(path).rgb]
    answers = [model.predict(source)[0] for source in sources]
    for answer in answers[1:]:
        assert answer.cell_type == answers[0].cell_type
        assert answer.probabilities == pytest.approx(answers[0].probabilities, abs=1e-6)
        assert answer.box == answers[0].box


def test_a_list_gives_an_answer_each_in_order(model, paths):
    together = model.predict([*paths, *paths, *paths, *paths, *paths])
    assert len(together) == 20
    for index, path in enumerate(paths):
        alone = model.predict(path)[0]
        for again in together[index::4]:
            assert again.probabilities == pytest.approx(alone.probabilities, abs=1e-5)


def test_an_answer_is_complete(model, paths):
    answer = model.predict(paths[1])[0]
    assert tuple(answer.probabilities) == EIGHT_TYPES
    assert sum(answer.probabilities.values()) == pytest.approx(1.0, abs=1e-5)
    assert answer.confidence == max(answer.probabilities.values())
    assert answer.status in Status
    assert (answer.width, answer.height) == (320, 240)
    assert answer.milliseconds > 0
    assert answer.heatmaps.shape[0] == 8
    assert (answer.heatmaps >= 0).all()
    np.testing.assert_array_equal(
        answer.heatmap(), answer.heatmaps[EIGHT_TYPES.index(answer.cell_type)]
    )


def test_json_comes_back_as_it_went(model, paths):
    answer = model.predict(paths[2])[0]
    text = json.dumps(answer.to_json())
    assert json.loads(text)["notice"] == NOTICE
    assert Prediction.from_json(json.loads(text)) == answer


def test_unknown_type_and_missing_maps_are_named(model, paths):
    answer = model.predict(paths[0])[0]
    with pytest.raises(KeyError, match="blast"):
        answer.heatmap("blast")
    with pytest.raises(KeyError, match="no heatmaps"):
        Prediction.from_json(answer.to_json()).heatmap()


def test_noise_is_not_answered_with_confidence(model):
    noise = np.random.default_rng(2).integers(0, 256, (8, 240, 320, 3), dtype=np.uint8)
    assert all(a.status is not Status.CONFIDENT for a in model.predict(list(noise)))


def test_a_bad_image_is_an_error(model, tmp_path):
    (tmp_path / "bad.jpg").write_text("hello")
    with pytest.raises(ImageError):
        model.predict(tmp_path / "bad.jpg")


def test_an_unknown_model_names_what_there_is():
    with pytest.raises(BundleError, match=r"no-such.*unseen-cells"):
        hemavision.open_model("no-such")


@pytest.mark.parametrize("content", [b"", b"not onnx at all", b"\x80\x04pickle"])
def test_a_file_that_is_no_bundle_is_refused(tmp_path, content):
    path = tmp_path / "strange.onnx"
    path.write_bytes(content)
    with pytest.raises(BundleError, match=r"strange\.onnx"):
        hemavision.open_model(path)


def test_a_model_of_whole_pictures_looks_at_the_whole_picture():
    assert answer_of(FakeEngine()).box == Box(0, 0, 60, 40)


def test_a_model_of_cells_looks_where_the_cell_is(model, paths):
    images = [open_image(path).rgb for path in paths[:3]]
    spec = model.manifest.preprocess
    expected = [around(locate_cell(rgb), spec) for rgb in images]
    assert [a.box for a in model.predict_arrays(images)] == expected


def test_five_images_are_three_passes():
    engine = Told()
    assert len(model_of(engine).predict([GREY] * 5)) == 5
    assert engine.passes == [2, 2, 1]


def test_each_box_is_looked_at_in_its_own_image():
    types = FakeEngine().manifest.cell_types
    half = np.zeros((40, 40, 3), np.uint8)
    half[:, 20:] = 255
    dark, bright = Box(0, 0, 20, 40), Box(20, 0, 40, 40)
    engine = Told()
    places = [dark, bright, bright, dark, bright]
    answers = list(model_of(engine).predict_boxes([half] * 5, places))
    assert [a.box for a in answers] == places
    assert [a.cell_type for a in answers] == [types[0 if p is dark else -1] for p in places]
    assert engine.passes == [2, 2, 1], "once, where nobody asks for mirror images"


def test_an_answer_is_the_mean_over_two_views():
    class Lopsided(Told):
        """The darker a crop's left upper quarter is, the surer of the first type."""

        def run(self, crops):
            dark = crops[:, : crops.shape[1] // 2, : crops.shape[2] // 2].mean((1, 2, 3))
            first = (1.0 - dark / 255.0).astype(np.float32)
            told = super().run(crops)
            said = np.zeros_like(told.probabilities)
            said[:, 0], said[:, 1] = first, 1.0 - first
            return replace(told, probabilities=said)

    corner = np.full((40, 40, 3), 255, np.uint8)
    corner[:20, :20] = 0
    box = Box(0, 0, 40, 40)
    engine = Lopsided()
    (plain,) = model_of(engine).predict_boxes([corner], [box])
    first = engine.manifest.cell_types[0]
    assert plain.probabilities[first] == pytest.approx(1.0, abs=0.03)
    engine._manifest = replace(engine.manifest, mirrors=True)
    (mean,) = model_of(engine).predict_boxes([corner], [box])
    assert mean.probabilities[first] == pytest.approx(0.5, abs=0.03)
    assert engine.passes == [1, 1, 1]


def test_the_time_of_a_pass_is_shared_by_its_images(monkeypatch):
    ticks = iter([10.0, 10.5, 20.0, 20.5])
    monkeypatch.setattr(cell, "time", SimpleNamespace(perf_counter=lambda: next(ticks)))
    answers = model_of(FakeEngine()).predict([GREY] * 3)
    assert [a.milliseconds for a in answers] == [250.0, 250.0, 500.0]


def test_an_answer_is_of_its_own_image_throughout():
    engine = FakeEngine(morphology=GRANULES)
    greys = (250, 30, 140)
    images = [np.full((40, 60 + grey, 3), grey, np.uint8) for grey in greys]
    for answer, grey in zip(model_of(engine).predict(images), greys, strict=True):
        assert (answer.width, answer.height) == (60 + grey, 40)
        assert answer.confidence == answer.probabilities[answer.cell_type]
        assert answer.heatmap() == pytest.approx(1 - grey / 255, abs=0.01)
        assert answer.heatmap("granularity", "yes") == pytest.approx(1 - grey / 255, abs=0.01)
        assert not answer.heatmap("granularity", "no").any()


def test_what_was_never_taught_gives_no_reasons():
    answer = answer_of(FakeEngine())
    assert (answer.reasons, answer.morphology) == (None, {})


def test_what_was_seen_is_given_with_its_reasons():
    named = answer_of(FakeEngine()).cell_type
    looks = {
        name: {"granularity": {"yes": 0.9 if name == named else 0.1, "no": 0.1}}
        for name in FOUR_TYPES
    }
    answer = answer_of(Told({"looks": looks}, morphology=GRANULES))
    assert answer.status is Status.CONFIDENT
    assert answer.morphology["granularity"] == pytest.approx({"yes": 0.97, "no": 0.03})
    assert answer.looks()["granularity"][0] == "yes"
    (reason,) = answer.reasons.attributes
    assert (reason.value, reason.words) == ("yes", "granular cytoplasm")
    assert reason.weight == pytest.approx(0.97 * np.log(9))
    assert answer.reasons.contradictions == ()


def test_a_look_that_contradicts_the_type_is_to_be_checked():
    looks = {name: {"granularity": {"yes": 0.0, "no": 1.0}} for name in FOUR_TYPES}
    answer = answer_of(Told({"looks": looks}, morphology=GRANULES))
    assert answer.reasons.contradictions == ("granular cytoplasm",)
    assert answer.status is Status.CHECK


@pytest.mark.parametrize(("check_below", "status"), [(0.75, "confident"), (0.76, "check")])
def test_so_sure_is_sure_enough(check_below, status):
    answer = answer_of(Told({"check_below": check_below}, confidence=0.75))
    assert answer.status == status


@pytest.mark.parametrize(("novelty", "status"), [(1.0, "confident"), (1.01, "unfamiliar")])
def test_so_new_is_unfamiliar(novelty, status):
    answer = answer_of(FakeEngine(novelty=novelty))
    assert (answer.status, answer.novelty) == (status, pytest.approx(novelty))


@pytest.mark.parametrize(("foreign", "told"), [(1.0, False), (1.01, True)])
def test_so_foreign_are_colours_of_nobody_known(foreign, told):
    assert answer_of(Told(output={"foreign": foreign})).foreign_colours is told


def test_a_look_beside_the_cell_is_to_be_checked():
    usual = answer_of(FakeEngine()).focus
    assert usual == pytest.approx(np.pi * 0.4**2, abs=0.03), "the disc's share of an even map"
    on_it = answer_of(FakeEngine(focus_below=usual))
    assert (on_it.looked_elsewhere, on_it.status) == (False, Status.CONFIDENT)
    beside = answer_of(FakeEngine(focus_below=usual + 1e-6))
    assert (beside.looked_elsewhere, beside.status) == (True, Status.CHECK)


def test_a_network_has_a_thread_a_core_unless_it_is_told(monkeypatch):
    asked = []

    def opened(path, threads):
        asked.append((path.stem, threads))
        return SimpleNamespace(manifest=FakeEngine().manifest, sha256="a" * 64)

    monkeypatch.setattr(cell, "OnnxEngine", opened)
    assert hemavision.open_model().reference == ModelReference("fake", "a" * 64)
    hemavision.open_model("seed", threads=3)
    assert asked == [("eight-types", 0), ("seed", 3)]


def test_numbers_that_fit_nothing_are_no_answer():
    with pytest.raises(ValueError, match="argument"):
        list(model_of(FakeEngine()).predict_boxes([GREY, GREY], [Box(0, 0, 40, 40)]))
    with pytest.raises(ValueError, match="argument"):
        answer_of(Told({"cell_types": (*FOUR_TYPES, "blast")}, {"probabilities": (0.25,) * 4}))


def test_how_seldom_blood_holds_a_type_counts_where_the_colours_are_foreign():
    probabilities = [0.02, 0.0, 0.56, 0.42, 0.0, 0.0, 0.0, 0.0]
    told = {"probabilities": np.array(probabilities, np.float32)}
    home = answer_of(Told(output=told | {"foreign": np.float32(0.5)}, cell_types=EIGHT_TYPES))
    assert (home.cell_type, home.confidence) == ("basophil", pytest.approx(0.56))
    abroad = answer_of(Told(output=told | {"foreign": np.float32(1.5)}, cell_types=EIGHT_TYPES))
    assert abroad.foreign_colours
    assert abroad.cell_type == "lymphocyte"
    basophil = 0.56 * np.exp(-2.7 / 3)
    assert abroad.confidence == pytest.approx(0.42 / (0.42 + 0.02 + basophil))
    assert sum(abroad.probabilities.values()) == pytest.approx(1.0)


def test_the_odds_of_blood_make_nothing_sure():
    almost = {"probabilities": np.array([0.97, 0.0, 0.03, 0, 0, 0, 0, 0], np.float32)}
    options = {"cell_types": EIGHT_TYPES, "manifest": {"check_below": 0.98}}
    abroad = answer_of(Told(output=almost | {"foreign": np.float32(1.5)}, **options))
    assert abroad.confidence > 0.98
    assert abroad.status is Status.CHECK
