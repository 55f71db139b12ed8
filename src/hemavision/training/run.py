"""One training run, from a protocol's name to weights with their papers beside them."""

from __future__ import annotations

import csv
import hashlib
import importlib.metadata
import json
import math
import platform
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import onnx

from hemavision.datasets.crops import cut_crops
from hemavision.datasets.protocols import CLASSIFIERS
from hemavision.datasets.samples import digest
from hemavision.datasets.splits import Split, restrict
from hemavision.errors import TrainingError
from hemavision.reading.bundle import check_bundle, manifest_from_metadata
from hemavision.training.batches import LabelledCrops
from hemavision.training.checks import check_split
from hemavision.training.command import record_without_folders
from hemavision.training.fit import LOG, Start, fit
from hemavision.training.imagenet import imagenet_origin
from hemavision.training.recipes import Recipe

CONFIG = "config.json"


@dataclass(frozen=True)
class RunOptions:
    """What a run is started with, beside its split and recipe.

    Attributes:
        folder: where everything of the run goes.
        seed: of initialisation, order, views and dropout.
        start: weights or a bundle to start from, or ``None``.
        precision: that layers compute in: ``"float32"`` or ``"mixed_bfloat16"``.
        skip_bad: go on without bad images instead of stopping.
        command: the command line, for the record.
        processes: that make views beside the training; at 0 it makes them itself.
    """

    folder: Path
    seed: int = 1
    start: Path | None = None
    precision: str = "float32"
    skip_bad: bool = False
    command: str = ""
    processes: int = 0


def run(
    split: Split,
    recipe: Recipe,
    options: RunOptions,
    *,
    on_cut: Callable[[int, int], None] | None = None,
    on_epoch: Callable[[dict[str, float]], None] | None = None,
) -> Path:
    """Check, cut, fit and plot; return the weights' file.

    A folder that holds an unfinished run of the same configuration is gone on with.

    Raises:
        DataError: something is wrong with the images.
        TrainingError: the folder holds a run of another configuration.
    """
    if split.protocol in CLASSIFIERS:
        split = restrict(split, recipe.cell_types, ask=recipe.questions > 0)
    split = check_split(split, skip_bad=options.skip_bad)
    write_config(_describe(split, recipe, options), options.folder)
    cache = options.folder.parent / "cache"
    parts: list[LabelledCrops] = []
    watched = split.validation[:: max(1, math.ceil(len(split.validation) / recipe.validate_on))]
    for samples in (split.train, watched):
        crops, kept = cut_crops(
            samples,
            cache,
            stain=recipe.stain,
            skip_bad=options.skip_bad,
            progress=on_cut,
        )
        parts.append(LabelledCrops(crops, kept, split.cell_types))
    start = Start(options.seed, options.start, options.precision, options.processes)
    weights = fit(recipe, parts[0], parts[1], options.folder, start=start, on_epoch=on_epoch)
    plot_log(options.folder, "loss", "accuracy")
    return weights


def _describe(split: Split, recipe: Recipe, options: RunOptions) -> dict[str, Any]:
    start = options.start
    return {
        "protocol": split.protocol,
        "cell_types": split.cell_types,
        "recipe": asdict(recipe),
        "seed": options.seed,
        "start": origin_of(start) if start else None,
        "pretrained": imagenet_origin(recipe.network) if recipe.pretrained and not start else None,
        "precision": options.precision,
        "images": {"train": len(split.train), "validation": len(split.validation)},
        "data_digest": digest(split.train + split.validation),
        "command": options.command,
        "date": datetime.now(UTC).date().isoformat(),
        "environment": environment(),
    }


def origin_of(start: Path) -> dict[str, Any]:
    """Return where starting weights came from: what they saw was seen in training, too.

    No folder of this machine is in it, nor of one that an earlier run recorded.

    Args:
        start: the weights of a run, with its configuration beside them, or a bundle.
    """
    if start.suffix == ".onnx":
        proto = onnx.load_model_from_string(check_bundle(start))
        metadata = {entry.key: entry.value for entry in proto.metadata_props}
        known = manifest_from_metadata(metadata, start).training
    else:
        config = start.parent / CONFIG
        known = json.loads(config.read_text()) if config.exists() else {}
    kept = ("protocol", "seed", "data_digest", "command", "date", "pretrained", "start")
    content = hashlib.sha256(start.read_bytes()).hexdigest()
    named = {"weights": start.name, "sha256": content}
    return record_without_folders(named | {key: known[key] for key in kept if known.get(key)})


def environment() -> dict[str, str]:
    """Return the versions that a run's numbers depend on."""
    import keras

    names = ("hemavision", "keras", "numpy", "pillow", "tensorflow-cpu", "tensorflow", "jax")
    versions = {"python": platform.python_version(), "backend": keras.backend.backend()}
    for name in names:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def write_config(config: dict[str, Any], folder: Path) -> None:
    """Write a run's configuration beside its weights.

    Raises:
        TrainingError: the folder holds a run of another configuration.
    """
    path = folder / CONFIG
    if path.exists():
        # Earlier runs recorded the folders of what they started from.
        old = record_without_folders(json.loads(path.read_text()))
        same = ("protocol", "recipe", "seed", "start", "precision", "data_digest")
        # Through JSON, so that tuples compare as the lists they were written as.
        new = json.loads(json.dumps(config))
        differing = [key for key in same if old[key] != new[key]]
        if differing:
            raise TrainingError(
                f"{folder} holds a run with another {', '.join(differing)}. Go on with the same "
                "options, or choose another --out."
            )
        return
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(config, indent=2))


def plot_log(folder: Path, *names: str) -> None:
    """Draw a picture of each named column of the run's log, as in loss.png."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    with (folder / LOG).open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    epochs = [int(row["epoch"]) for row in rows]
    for name in names:
        figure, axes = pyplot.subplots(figsize=(7, 4), layout="constrained")
        axes.plot(epochs, [float(row[name]) for row in rows], label="training")
        axes.plot(epochs, [float(row[f"val_{name}"]) for row in rows], label="validation")
        axes.set(xlabel="epoch", ylabel=name, title=f"{folder.name}: {name}")
        axes.legend()
        figure.savefig(folder / f"{name}.png", dpi=120)
        pyplot.close(figure)
