"""A bundle's doubt, fitted anew to a laboratory's own cells."""

from __future__ import annotations

import shutil
from pathlib import Path

from click.testing import CliRunner

from hemavision import open_model
from hemavision.cli import main
from hemavision.datasets.splits import own_folders
from hemavision.graph.from_bundle import take_apart
from hemavision.reading.bundle import find_bundle
from hemavision.training.finish import coolest_of, export_run


def own_cells(samples: list, folder: Path) -> Path:
    for number in range(5):  # enough that each of the random parts has every type
        for sample in samples:
            target = folder / sample.cell_type / f"{number}-{sample.path.name}"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(sample.path, target)
    return folder


def test_a_bundle_keeps_its_weights_and_learns_where_home_is(few_samples, tmp_path):
    few_samples = few_samples[::2]
    cells = own_cells(few_samples, tmp_path / "ours")
    old, new = find_bundle("eight-types"), tmp_path / "new.onnx"
    manifest = export_run(old, own_folders(cells), new)
    one, other = take_apart(old), take_apart(new)
    assert manifest.weights_sha256 == one.manifest.weights_sha256
    assert other.network.weights_sha256() == one.network.weights_sha256()
    assert manifest.temperature >= coolest_of(manifest) > 0
    assert manifest.training["calibration"]["validation_images"] > 0
    answers = open_model(new).predict([sample.path for sample in few_samples])
    assert not any(answer.foreign_colours for answer in answers)


def test_a_bundle_is_not_written_over_itself(tmp_path):
    bundle = tmp_path / "ours.onnx"
    shutil.copyfile(find_bundle("eight-types"), bundle)
    before = bundle.read_bytes()
    done = CliRunner().invoke(main, ["export", str(bundle)])
    assert done.exit_code == 2
    assert "would be overwritten" in done.output
    assert bundle.read_bytes() == before
