"""Says what each part of the recipe is worth: short runs with it and without, on laboratories
that they never saw.

    python scripts/variants.py run VARIANT PROTOCOL SEED    (any number at once; results are kept)
    python scripts/variants.py table                        prints docs/decisions/0010's table

A run is `eight-types` with one thing changed and 1,000 steps at 96 px. Its figure is the macro
recall of the plain answers, without calibration: what the network sees, not how sure it is of it.
What is trained already is only asked.
"""

from __future__ import annotations

import argparse
import json
import os
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np

from hemavision import settings
from hemavision.training.recipes import RECIPES, Phase, Recipe

RUNS = Path(os.environ.get("HEMAVISION_RUNS", "runs"))
RESULTS = RUNS / "variants.jsonl"
BASE, CAMERAS, NORMS = "eight-types", "no other cameras", "norms at rest"
MIXED = "MixStyle"
SHORT = replace(RECIPES["eight-types"], name=BASE, phases=(Phase(96, 4, 250, elsewhere=0.7),))


def _elsewhere(share: float) -> Recipe:
    return replace(SHORT, phases=tuple(replace(p, elsewhere=share) for p in SHORT.phases))


#: What is changed, and how.
VARIANTS: dict[str, Callable[[], Recipe]] = {
    BASE: lambda: SHORT,
    "from nothing": lambda: replace(SHORT, pretrained="", learning_rate=3e-3),
    "EfficientNet-Lite0": lambda: replace(SHORT, network="efficientnet_lite"),
    "own surroundings": lambda: replace(SHORT, surroundings=0.0),
    "standard stain": lambda: replace(SHORT, stain="standard"),
    "red cells' stain": lambda: replace(SHORT, stain="red-cells"),
    "no other laboratory": lambda: _elsewhere(0.0),
    "less elsewhere": lambda: _elsewhere(0.4),
    CAMERAS: lambda: SHORT,
    NORMS: lambda: SHORT,
    MIXED: lambda: SHORT,
    "a longer mean": lambda: replace(SHORT, averaging=0.998),
    "a third of the rate": lambda: replace(SHORT, learning_rate=3e-4),
    "no strangers": lambda: replace(SHORT, strangers=0.0),
    "no questions": lambda: replace(SHORT, questions=0.0),
    "types alike": lambda: replace(SHORT, rare_types=1.0),
    "no smoothing": lambda: replace(SHORT, label_smoothing=0.0),
    "at 128 px": lambda: replace(SHORT, phases=(replace(SHORT.phases[0], size_px=128),)),
    "SGD": lambda: replace(SHORT, optimiser="sgd", learning_rate=0.02, weight_decay=5e-4),
}


def run(variant: str, protocol: str, seed: int) -> None:
    """Train a variant, and keep its macro recall."""
    from hemavision.datasets.crops import cut_crops
    from hemavision.datasets.protocols import CLASSIFIERS
    from hemavision.datasets.splits import restrict
    from hemavision.images.memory import keep_what_is_freed
    from hemavision.models.architectures import ARCHITECTURES
    from hemavision.training import augment
    from hemavision.training.batches import LabelledCrops, PlainBatches
    from hemavision.training.fit import FINAL
    from hemavision.training.run import RunOptions
    from hemavision.training.run import run as train

    keep_what_is_freed()
    if variant == CAMERAS:
        augment.another_camera = lambda view, rng: view
    if variant == NORMS:
        ARCHITECTURES[SHORT.network] = _norms_at_rest(ARCHITECTURES[SHORT.network])
    if variant == MIXED:
        _mix_styles()
    recipe = VARIANTS[variant]()
    split = CLASSIFIERS[protocol].split(settings.data_folder())
    folder = RUNS / f"variant-{variant.replace(' ', '-')}-{protocol.replace(':', '-')}-{seed}"
    if not (folder / FINAL).exists():
        train(split, recipe, RunOptions(folder, seed, skip_bad=True))
    cell_types = restrict(split, recipe.cell_types, ask=True).cell_types
    size_px = recipe.phases[-1].size_px
    network = ARCHITECTURES[recipe.network](classes=len(cell_types), input_px=size_px)
    network.load_weights(folder / FINAL)
    crops, samples = cut_crops(split.test, RUNS / "cache", stain=recipe.stain, skip_bad=True)
    views = PlainBatches(LabelledCrops(crops, samples, cell_types), size_px, recipe.sides)
    named = network.predict(views, verbose=0).argmax(axis=1)
    labels = np.array([cell_types.index(s.cell_type) for s in samples])
    recall = mean(float((named[labels == k] == k).mean()) for k in np.unique(labels))
    row = {"variant": variant, "protocol": protocol, "seed": seed, "macro_recall": recall}
    with RESULTS.open("a") as stream:
        stream.write(json.dumps(row) + "\n")
    print(row)


def _norms_at_rest(build: Callable[..., Any]) -> Callable[..., Any]:
    """Let batch norms keep what ImageNet taught them."""
    import keras

    def built(**options: int | None) -> keras.Model:
        network = build(**options)
        for layer in network.layers:
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.trainable = False
        return network

    return built


def _mix_styles() -> None:
    """Let training mix the statistics of two views' first maps (Zhou et al. 2021, "MixStyle").

    Laboratories stand beside each other in every batch, so most views get half of another's style.
    """
    import keras
    from keras import ops

    from hemavision.models.efficientnet_lite import LiteMaker

    @keras.saving.register_keras_serializable("hemavision")
    class MixStyle(keras.layers.Layer):  # type: ignore[misc]  # keras is untyped
        """Half of the batches: x's mean and deviation a channel, mixed with another view's."""

        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            self.chance = keras.random.SeedGenerator(1)

        def call(self, x: Any, training: bool = False) -> Any:
            if not training:
                return x
            count = ops.shape(x)[0]
            middle = ops.stop_gradient(ops.mean(x, axis=(1, 2), keepdims=True))
            spread = ops.stop_gradient(ops.std(x, axis=(1, 2), keepdims=True)) + 1e-3
            order = keras.random.shuffle(ops.arange(count), seed=self.chance)
            own = keras.random.beta((count, 1, 1, 1), 0.1, 0.1, seed=self.chance)
            mixed_middle = own * middle + (1 - own) * ops.take(middle, order, axis=0)
            mixed_spread = own * spread + (1 - own) * ops.take(spread, order, axis=0)
            mixed = (x - middle) / spread * mixed_spread + mixed_middle
            asked = keras.random.uniform((), seed=self.chance) < 0.5
            return ops.where(asked, mixed, x)

    block = LiteMaker.block

    def mixing(self: Any, x: Any, made: Any, name: str) -> Any:
        y = block(self, x, made, name)
        # After the second, third and fourth stage's first blocks: style is in the early maps.
        return MixStyle(name=f"{name}_style")(y) if name in ("block_1", "block_3", "block_5") else y

    LiteMaker.block = mixing  # type: ignore[method-assign,assignment]


def table() -> None:
    """Print the kept figures: a line a variant, a column a laboratory."""
    found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for line in RESULTS.read_text().splitlines():
        row = json.loads(line)
        found[row["variant"]][row["protocol"]].append(100 * row["macro_recall"])
    protocols = sorted({protocol for columns in found.values() for protocol in columns})
    print("| " + " | ".join(["variant", *protocols, "mean"]) + " |")
    print("|---" * (len(protocols) + 2) + "|")
    for variant, columns in sorted(found.items(), key=lambda item: item[0] != BASE):
        cells = [_cell(columns[protocol]) for protocol in protocols]
        means = [mean(columns[p]) for p in protocols if columns[p]]
        whole = f"{mean(means):.1f}" if len(means) == len(protocols) else "–"
        print("| " + " | ".join([variant, *cells, whole]) + " |")


def _cell(values: list[float]) -> str:
    if not values:
        return "–"
    return f"{mean(values):.1f}" + (f" ± {stdev(values):.1f}" if len(values) > 1 else "")


def main() -> None:
    """Run one variant, or print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("run")
    one.add_argument("variant", choices=VARIANTS)
    one.add_argument("protocol")
    one.add_argument("seed", type=int)
    commands.add_parser("table")
    arguments = parser.parse_args()
    if arguments.command == "table":
        table()
    else:
        run(arguments.variant, arguments.protocol, arguments.seed)


if __name__ == "__main__":
    main()
