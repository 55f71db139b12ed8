"""What is wrong with an image set is named before the first step."""

from __future__ import annotations

import shutil
from dataclasses import replace

import matplotlib.pyplot  # noqa: F401  # imported while tests are collected, and not by a run
import numpy as np
import pytest

from hemavision import open_model
from hemavision.datasets import crops as cutting
from hemavision.datasets.crops import CROP_PX, cut_crop, cut_crops
from hemavision.datasets.samples import Sample, digest, open_sample, read_folders
from hemavision.datasets.splits import Split
from hemavision.errors import DataError, TrainingError
from hemavision.records.cells import FOUR_TYPES
from hemavision.training.checks import check_split
from hemavision.training.finish import export_run
from hemavision.training.recipes import Phase, Recipe
from hemavision.training.run import RunOptions, run

TWO_STEPS = Recipe(
    name="two-steps",
    phases=(Phase(32, 1, 2),),
    batch_size=4,
    network="efficientnet_lite",
    settling_steps=2,
)


@pytest.fixture(scope="module")
def split(few_samples):
    by_type = [few_samples[i : i + 4] for i in range(0, 16, 4)]
    parts = [[x for group in by_type for x in group[a:b]] for a, b in ((0, 2), (2, 3), (3, 4))]
    return Split("few", *parts, honest=False)


def test_a_sound_split_passes_unchanged(split):
    assert check_split(split) == split


def test_the_same_image_in_two_parts_is_named(split, tmp_path):
    copy = tmp_path / "copy.jpeg"
    shutil.copy(split.test[0].path, copy)
    leaky = replace(split, train=[*split.train, replace(split.test[0], path=copy)])
    with pytest.raises(DataError, match=r"copy\.jpeg: in train, and the same image as"):
        check_split(leaky)
    assert check_split(leaky, skip_bad=True) == split


def test_a_missing_file_is_named(split, tmp_path):
    gone = replace(split.train[0], path=tmp_path / "gone.jpeg")
    with pytest.raises(DataError, match=r"gone\.jpeg: cannot be read"):
        check_split(replace(split, train=[*split.train, gone]))


def test_an_empty_class_is_named(split):
    without = [s for s in split.train if s.cell_type != "monocyte"]
    with pytest.raises(DataError, match="no train images of monocyte"):
        check_split(replace(split, train=without))


def test_an_unknown_class_is_named(split):
    strange = replace(split.train[0], cell_type="martian")
    with pytest.raises(DataError, match="martian"):
        check_split(replace(split, train=[strange, *split.train[1:]]))


@pytest.mark.parametrize("many", [100, 2], ids=["here", "on every processor"])
def test_an_unreadable_image_stops_or_is_skipped(few_samples, tmp_path, monkeypatch, many):
    monkeypatch.setattr(cutting, "MANY", many)
    bad = tmp_path / "bad.jpeg"
    bad.write_text("not an image")
    samples = [*few_samples[:2], Sample(bad, "monocyte", "bad", "own")]
    with pytest.raises(DataError, match=r"bad\.jpeg"):
        cut_crops(samples, tmp_path / "cache")
    crops, kept = cut_crops(samples, tmp_path / "cache", skip_bad=True)
    assert kept == samples[:2]
    assert crops.shape == (2, CROP_PX, CROP_PX, 3)
    np.testing.assert_array_equal(crops[1], cut_crop(open_sample(samples[1])))


def test_shared_originals_make_no_honest_split(split):
    with pytest.raises(DataError, match="stand in two parts"):
        Split("bad", split.train, split.train, split.test)


def test_digest_depends_on_content_not_place(few_samples, tmp_path):
    moved = []
    for sample in few_samples:
        shutil.copy(sample.path, tmp_path / sample.path.name)
        moved.append(replace(sample, path=tmp_path / sample.path.name))
    assert digest(moved) == digest(few_samples)
    assert digest(moved[1:]) != digest(few_samples)


def test_a_folder_without_images_says_what_is_expected(tmp_path):
    with pytest.raises(DataError, match="one folder a cell type"):
        read_folders(tmp_path)


@pytest.fixture(scope="module")
def finished(eagerly, split, tmp_path_factory):
    """A run of two steps."""
    folder = tmp_path_factory.mktemp("runs") / "r"
    run(
        split,
        TWO_STEPS,
        RunOptions(
            folder, seed=5, command="hemavision train --start /home/ann/runs/older/final.weights.h5"
        ),
    )
    return folder


def test_a_run_leaves_its_papers_and_refuses_another_configuration(finished, split):
    names = {path.name for path in finished.iterdir()}
    assert {"config.json", "log.csv", "loss.png", "accuracy.png"} <= names
    with pytest.raises(TrainingError, match="another seed"):
        run(split, TWO_STEPS, RunOptions(finished, seed=6))


def test_a_run_becomes_a_bundle_that_answers(finished, split, tmp_path):
    manifest = export_run(finished, split, tmp_path / "ours.onnx")
    assert manifest.cell_types == FOUR_TYPES
    # As a run that was made before folders were left out recorded it.
    assert manifest.training["command"] == "hemavision train --start final.weights.h5"
    (answer,) = open_model(tmp_path / "ours.onnx").predict([split.test[0].path])
    assert answer.cell_type in FOUR_TYPES
