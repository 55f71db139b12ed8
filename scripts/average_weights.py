"""Averages the weights of two networks of one protocol, as a run that can be exported.

    python scripts/average_weights.py WEIGHTS OTHER --protocol NAME --out FOLDER

WEIGHTS and OTHER are ``.weights.h5`` files of runs, checkpoints (``.keras``) or bundles, of which
one was trained on from the other: then the way between them is flat, and the middle errs less than
either end (Wortsman et al. 2022, "Model soups"). The normalisations' statistics do not average;
they are measured anew on the recipe's views.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from hemavision.models import separable_cnn
from hemavision.settings import data_folder
from hemavision.training.batches import TrainingBatches
from hemavision.training.checks import check_split
from hemavision.training.crops import cut_crops
from hemavision.training.datasets import digest
from hemavision.training.fit import FINAL, SETTLING_STEPS, settle_norms, weights_in
from hemavision.training.recipes import RECIPES
from hemavision.training.run import CONFIG, environment, origin_of
from hemavision.training.splits import PROTOCOLS

SEED = 1


def main() -> None:
    """Average, settle, and write the folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("weights", type=Path)
    parser.add_argument("other", type=Path)
    parser.add_argument("--protocol", required=True, choices=PROTOCOLS)
    parser.add_argument("--recipe", default="hemavision", choices=RECIPES)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    split = check_split(PROTOCOLS[options.protocol](data_folder()), skip_bad=True)
    recipe = replace(RECIPES[options.recipe], patience=None)
    crops, samples = cut_crops(split.train, options.out.parent / "cache", skip_bad=True)
    model = separable_cnn.build(input_px=None)
    pairs = zip(weights_in(options.weights), weights_in(options.other), strict=True)
    model.set_weights([(one + other) / 2 for one, other in pairs])
    phase = replace(recipe.phases[-1], steps=SETTLING_STEPS)
    key = (SEED, sum(p.epochs for p in recipe.phases))
    settle_norms(model, TrainingBatches(crops, samples, recipe, phase=phase, key=key))
    options.out.mkdir(parents=True, exist_ok=True)
    config = {
        "protocol": split.protocol,
        "recipe": {"name": "average", "patience": None},
        "seed": SEED,
        "start": origin_of(options.weights),
        "averaged_with": origin_of(options.other),
        "images": {"train": len(split.train), "validation": len(split.validation)},
        "data_digest": digest(split.train + split.validation),
        "command": " ".join(["python", *sys.argv]),
        "date": datetime.now(UTC).date().isoformat(),
        "environment": environment(),
    }
    (options.out / CONFIG).write_text(json.dumps(config, indent=2))
    model.save_weights(options.out / FINAL)
    print(f"Weights: {options.out / FINAL}\nNext: hemavision export {options.out}")


if __name__ == "__main__":
    main()
