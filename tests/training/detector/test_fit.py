from __future__ import annotations

import h5py
import keras
import numpy as np
import pytest

from hemavision.datasets.fields import FieldSplit, split_fields
from hemavision.reading.finding.detector import Detector
from hemavision.reading.finding.tiles import matched
from hemavision.records.results import Box, CellKind, Detection
from hemavision.training.detector.finish import choose_thresholds, export_detector
from hemavision.training.detector.fit import DetectorRecipe, fit_detector
from hemavision.training.detector.views import Variety
from hemavision.training.fit import FINAL
from hemavision.training.run import RunOptions

RECIPE = DetectorRecipe(
    epochs=2, steps=1, batch_size=2, variety=Variety(view_px=64), settling_steps=2
)


@pytest.fixture(scope="module")
def few(data):
    split = split_fields(data)
    of_each = {field.source: field for field in split.train}
    cells = {sample.source: sample for sample in split.cells}
    marked = [field for field in split.validation if field.source == "bccd"]
    return FieldSplit(
        split.protocol,
        list(of_each.values()),
        marked[:1],
        split.test[:1],
        list(cells.values()),
    )


@pytest.fixture(scope="module")
def whole(network, few, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    fit_detector(few, RECIPE, RunOptions(folder))
    return folder


def weights_of(folder):
    """Return a finished run's weights by their paths in its file."""
    found = {}
    with h5py.File(folder / FINAL) as file:
        file.visititems(
            lambda name, item: found.update({name: item[()]} if hasattr(item, "dtype") else {})
        )
    return found


def test_a_killed_run_ends_as_one_that_was_not(few, whole, tmp_path):
    stop = RuntimeError("killed")

    def kill(row):
        raise stop

    with pytest.raises(RuntimeError, match="killed"):
        fit_detector(few, RECIPE, RunOptions(tmp_path / "cut"), on_epoch=kill)
    keras.utils.clear_session()
    epochs = []
    fit_detector(few, RECIPE, RunOptions(tmp_path / "cut"), on_epoch=epochs.append)
    assert [row["epoch"] for row in epochs] == [2]
    assert (tmp_path / "cut" / "loss.png").is_file()
    resumed, uninterrupted = weights_of(tmp_path / "cut"), weights_of(whole)
    assert resumed.keys() == uninterrupted.keys()
    for name, weights in uninterrupted.items():
        np.testing.assert_allclose(resumed[name], weights, rtol=1e-3, atol=1e-5, err_msg=name)


def test_a_run_becomes_a_detector(few, whole, tmp_path):
    manifest = export_detector(whole, few, tmp_path / "whole.onnx")
    assert 40 < manifest.red_px < 60
    rgb = few.test[0].open()[:256, :256]
    scores = Detector(tmp_path / "whole.onnx")._run(rgb, np.zeros(3))[2]
    assert len(scores)
    assert np.isfinite(scores).all()


def test_each_mark_is_found_once():
    marked = np.array([[0, 0, 10, 10], [20, 0, 30, 10]], float)
    found = np.array([[1, 0, 11, 10], [0, 0, 10, 10], [50, 50, 60, 60]], float)
    assert matched(marked, found) == [0, -1, -1]
    assert matched(np.empty((0, 4)), found) == [-1, -1, -1]


class _Scripted:
    """Answers with true boxes at 0.8 and false ones at 0.3."""

    def find(self, rgb, least=None):
        return [
            *(Detection(CellKind.WHITE, Box(*box), 0.8) for box in self.boxes),
            Detection(CellKind.WHITE, Box(0, 0, 5, 5), 0.3),
        ]


def test_a_threshold_parts_true_from_false(few):
    detector = _Scripted()
    field = few.validation[0]
    detector.boxes = field.boxes[field.kinds == 0].astype(int).tolist()
    assert 0.3 < choose_thresholds(detector, [field])["white_cell"] < 0.8
