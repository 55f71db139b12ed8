from __future__ import annotations

import numpy as np
import onnx
import pytest
from fakes import FakeEngine

from hemavision.datasets.nuclei import Field, jtsc_fields, mask_of, open_field, test_field_names
from hemavision.errors import BundleError
from hemavision.evaluation.explanations import (
    Examined,
    Placement,
    curve_areas,
    place,
    score_heatmaps,
    similarity,
    summarise,
)
from hemavision.evaluation.randomised import STAGES, write_randomised
from hemavision.reading.bundle import find_bundle
from hemavision.reading.engine import EngineOutput, OnnxEngine
from hemavision.reading.finding import locate_cell
from hemavision.reading.preprocess import crop_and_resize
from hemavision.records.results import Box, ModelReference, Prediction, Status

test_field_names.__test__ = False  # its name begins like a test's


def _prediction(heat: np.ndarray, box: Box, side: int) -> Prediction:
    probabilities = {"eosinophil": 0.9, "lymphocyte": 0.1}
    maps = np.stack([heat, np.zeros_like(heat)]).astype(np.float32)
    reference = ModelReference("test", "0")
    status = Status.CONFIDENT
    return Prediction(
        "eosinophil",
        0.9,
        probabilities,
        status,
        0.1,
        0.9,
        False,
        box,
        side,
        side,
        reference,
        1.0,
        heatmaps=maps,
    )


def _field(cell: Box, side: int = 64) -> Field:
    nucleus = np.zeros((side, side), bool)
    nucleus[28:36, 28:36] = True
    picture = np.full((side, side, 3), 200, np.uint8)
    return Field("field", picture, mask_of(cell, side, side), nucleus)


def test_even_heat_scores_what_chance_gives():
    placed = place(_field(Box(16, 16, 48, 48)), _prediction(np.ones((8, 8)), Box(0, 0, 64, 64), 64))
    assert placed.energy == pytest.approx(0.25)
    assert placed.energy_chance == pytest.approx(0.25)
    assert placed.nucleus_energy == pytest.approx(placed.nucleus_chance) == pytest.approx(1 / 64)
    assert placed.cell_in_crop == 1.0


def test_heat_on_the_cell_and_off_it():
    heat = np.zeros((8, 8))
    heat[3:5, 3:5] = 1.0
    whole = Box(0, 0, 64, 64)
    on = place(_field(Box(16, 16, 48, 48)), _prediction(heat, whole, 64))
    assert on.energy == pytest.approx(1.0)
    assert on.peak_in_cell
    off = place(_field(Box(0, 0, 8, 8)), _prediction(heat, whole, 64))
    assert off.energy == 0.0
    assert not off.peak_in_cell


def test_chance_is_of_the_crop_not_of_the_field():
    placed = place(_field(Box(0, 0, 32, 32)), _prediction(np.ones((4, 4)), Box(16, 16, 64, 64), 64))
    assert placed.energy_chance == pytest.approx(16 * 16 / 48**2)
    assert placed.cell_in_crop == pytest.approx(0.25)
    assert placed.cell_in_field == pytest.approx(0.25)


def test_an_empty_map_scores_nothing():
    placed = place(_field(Box(0, 0, 32, 32)), _prediction(np.zeros((4, 4)), Box(0, 0, 64, 64), 64))
    assert placed.energy == 0.0
    assert not placed.peak_in_cell


def test_summary_of_placements():
    placements = [
        Placement(1.0, 0.25, 0.5, 0.1, True, 1.0, 0.1),
        Placement(0.5, 0.25, 0.1, 0.1, False, 1, 0.1),
    ]
    summary = summarise(placements)
    assert summary["energy"] == 0.75
    assert summary["cell_in_field"] == pytest.approx(0.1)
    assert summary["pointing"] == 0.5
    assert summary["energy_interval"] == (0.5, 1.0)
    assert summary["pointing_interval"] == pytest.approx((0.0126, 0.9874), abs=1e-4)


class _CornerEngine:
    """Believes in the first type as far as the crop's left upper quarter is sharp."""

    manifest = FakeEngine().manifest

    def __init__(self, sharp: np.ndarray) -> None:
        self._sharp = sharp.astype(float)

    def run(self, crops: np.ndarray) -> EngineOutput:
        half = crops.shape[1] // 2
        same = crops[:, :half, :half] == self._sharp[:half, :half]
        p = same.all(axis=3).mean(axis=(1, 2))
        probabilities = np.stack([p, 1 - p], axis=1).astype(np.float32)
        maps = np.zeros((len(crops), 2, 2, 2), np.float32)
        return EngineOutput(probabilities, maps, *[np.empty(0)] * 3)


def test_a_map_of_what_matters_beats_chance_on_both_curves():
    crop = np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8)
    heat = np.zeros((8, 8))
    heat[:4, :4] = 1.0
    item = Examined(_field(Box(0, 0, 32, 32)), _prediction(heat, Box(0, 0, 64, 64), 64), crop)
    areas = curve_areas(_CornerEngine(crop), item)
    assert areas["deletion"] < 0.25 < areas["deletion_chance"]
    assert areas["insertion"] > 0.75 > areas["insertion_chance"]


def test_similarity_of_maps():
    ramp = np.arange(12.0).reshape(3, 4)
    assert similarity(ramp, ramp**2) == pytest.approx(1.0)
    assert similarity(ramp, -ramp) == pytest.approx(-1.0)
    assert similarity(ramp, np.zeros((3, 4))) == 0.0


def test_fields_have_one_cell_whose_nucleus_lies_in_its_box(data):
    names = test_field_names(data)
    assert len(names) == 71
    field = open_field(data, names[0])
    inside = (field.nucleus & field.cell).sum()
    assert inside > 0.8 * field.nucleus.sum() > 100


def test_masks_of_jtsc_hold_a_nucleus_inside_a_cell(data):
    field = next(jtsc_fields(data))
    assert field.cell.shape == field.nucleus.shape == field.rgb.shape[:2]
    assert 0 < field.nucleus.sum() < field.cell.sum() < field.cell.size
    assert not (field.nucleus & ~field.cell).any()


@pytest.mark.parametrize("stage", STAGES)
def test_shuffled_weights_give_other_maps(data, tmp_path, stage):
    path = tmp_path / "shuffled.onnx"
    write_randomised(find_bundle("unseen-cells"), stage, 1, path)
    field = open_field(data, test_field_names(data)[0])
    crop = crop_and_resize(field.rgb, locate_cell(field.rgb), 224)[None]
    before = OnnxEngine(find_bundle("unseen-cells")).run(crop)
    after = OnnxEngine(path).run(crop)
    assert np.isfinite(after.heatmaps).all()
    assert not np.allclose(before.heatmaps, after.heatmaps, rtol=1e-3)


def test_another_network_cannot_be_shuffled(tmp_path):
    other = tmp_path / "other.onnx"
    model = onnx.load(find_bundle("unseen-cells"))
    del model.graph.initializer[:]
    other.write_bytes(model.SerializeToString())
    with pytest.raises(BundleError, match="network's"):
        write_randomised(other, "last layer", 1, tmp_path / "out.onnx")


@pytest.mark.parametrize("limit", [2, pytest.param(4, marks=pytest.mark.long)])
def test_scores_of_a_shipped_model(data, limit):
    told = []
    scores = score_heatmaps(
        "eight-types", data, limit=limit, progress=lambda *pair: told.append(pair)
    )
    assert scores["n_fields"] == limit
    assert scores["energy"] > scores["energy_chance"]
    assert scores["cell_in_crop"] > 0.9
    likeness = scores["randomisation"]["spearman"]
    assert list(likeness) == list(STAGES)
    assert abs(likeness["last half of the layers"]) < 0.7
    assert scores["masks"]["energy"] > scores["masks"]["energy_chance"]
    assert {"deletion", "insertion", "deletion_chance", "insertion_chance"} <= set(
        scores["perturbation"]
    )
    done, total = told[-1]
    assert done == total
