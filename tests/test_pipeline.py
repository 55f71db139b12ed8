"""One path for all users: the same numbers for a file, its bytes and its pixels."""

from __future__ import annotations

import json

import numpy as np
import pytest

import hemavision
from hemavision import Prediction, Status
from hemavision.cells import EIGHT_TYPES, FOUR_TYPES
from hemavision.errors import BundleError, ImageError
from hemavision.images import open_image
from hemavision.results import NOTICE


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
