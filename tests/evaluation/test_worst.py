"""The surest errors as a picture."""

from __future__ import annotations

from dataclasses import replace

from PIL import Image

from hemavision.datasets.samples import read_kaggle
from hemavision.evaluation.answers import Run, run_model
from hemavision.evaluation.worst import COLUMNS, LINE_PX, SIDE_PX, write_worst


def test_only_errors_are_shown_and_the_surest_first(data, model, tmp_path):
    samples = read_kaggle(data / "kaggle_wbc", "TEST")[::400]
    run = run_model(model, samples)
    right = [
        replace(s, cell_type=p.cell_type) for s, p in zip(run.samples, run.predictions, strict=True)
    ]
    path = tmp_path / "worst.png"
    assert write_worst(Run(right, run.predictions), path) == 0
    assert not path.exists()
    wrong = [*right[:-3], *(replace(s, cell_type="basophil") for s in right[-3:])]
    assert write_worst(Run(wrong, run.predictions), path) == 3
    with Image.open(path) as image:
        assert image.size == (COLUMNS * SIDE_PX, SIDE_PX + 3 * LINE_PX)
