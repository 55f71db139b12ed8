"""Training recipes: every number that a run depends on, in one frozen record from one TOML file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hemavision.reading.preprocess import PreprocessSpec
from hemavision.records.cells import FOUR_TYPES


@dataclass(frozen=True)
class Phase:
    """A stretch of training at one resolution.

    Attributes:
        size_px: side of the views in pixels.
        epochs: how many; a checkpoint is written after each.
        steps: batches an epoch; ``None`` passes over the training set once.
        elsewhere: share of the views that another laboratory might have given, 0 to 1, where the
            recipe's ``augment`` is ``"laboratories"``; less of types that few image sets show. A
            network that knows how little stain and camera mean can afford to learn how its own
            laboratories' cells look in full.
    """

    size_px: int
    epochs: int
    steps: int | None = None
    elsewhere: float = 1.0


@dataclass(frozen=True)
class Recipe:
    """How to train.

    Attributes:
        name: as given to ``hemavision train --recipe``.
        phases: resolutions, lowest first; the network is convolutional up to its pooling.
        batch_size: images a step.
        learning_rate: the peak.
        optimiser: ``"sgd"``, or ``"adamw"`` (Loshchilov and Hutter 2019).
        momentum: of SGD, Nesterov's where it is above zero.
        decay: of the learning rate over the whole run: ``"none"``, ``"cosine"`` to zero
            after a warm-up over the first twentieth, or ``"linear"`` to zero, which leaves
            the late, high resolutions more to learn with.
        label_smoothing: 0 to 1.
        weight_decay: decoupled, a step.
        averaging: momentum of the weights' moving mean, which an epoch ends with; 0 ends it with
            the last step's weights.
        patience: epochs without a better validation loss before stopping; ``None`` never stops.
        augment: ``"none"``; ``"light"``, position, zoom and symmetry; ``"full"``, with
            brightness, stain strength and blanked edges, too; or ``"laboratories"``, with
            another laboratory's camera and stain for a share of the views
            (:attr:`Phase.elsewhere`), the rest as in ``"light"``.
        validate_on: most validation images to look at after an epoch, spread evenly.
        questions: weight of each further question (all types of a set, WBCAtt's attributes) in
            the loss, asked of the images whose set answers it; 0 asks none.
        network: one of :data:`hemavision.models.architectures.ARCHITECTURES`.
        pretrained: ``"imagenet"`` begins with what ImageNet taught (an ``efficientnet_lite``
            or ``efficientnet_lite2`` only), ``""`` with nothing.
        cell_types: that it names, in order.
        stain: of the crops, as in :class:`hemavision.reading.preprocess.PreprocessSpec`.
        sides: of the crops, likewise.
        around_px: how much wider the shipped network's input is than the last phase's views, at
            their scale: an even margin, so that its maps have room around the cell.
        mirrors: whether the shipped network answers by the mean over two views of a cell.
        source_weights: how often each image set is drawn, relative; equal images where empty.
        rare_types: how much less often a type is drawn that few image sets show: the power of
            the number of sets that show it.
        type_weights: how often each type is drawn, against its even share of its set; types that
            are not named are drawn as they are.
        strangers: share of the views of what is no cell
            (:mod:`hemavision.training.strangers`), 0 to 1.
        surroundings: share of the other views whose cell stands among what surrounds another one
            of the batch (:mod:`hemavision.training.surroundings`), 0 to 1.
        relit: share of the other views that another laboratory might have given whose cell is seen
            in the light and stain of another one of the batch (:mod:`hemavision.training.looks`).
        coarse: share of all views that are drawn as coarse as a small cell of a field, 0 to 1.
        settling_steps: batches whose mean statistics the finished network's norms keep.
    """

    name: str
    phases: tuple[Phase, ...]
    batch_size: int = 32
    learning_rate: float = 0.02
    optimiser: str = "sgd"
    momentum: float = 0.9
    decay: str = "linear"
    label_smoothing: float = 0.05
    weight_decay: float = 5e-4
    averaging: float = 0.0
    patience: int | None = None
    augment: str = "full"
    validate_on: int = 600
    questions: float = 0.0
    network: str = "separable_cnn"
    pretrained: str = ""
    cell_types: tuple[str, ...] = FOUR_TYPES
    stain: str = "as-is"
    sides: float = 1.0
    around_px: int = 0
    mirrors: bool = False
    source_weights: tuple[tuple[str, float], ...] = ()
    rare_types: float = 1.0
    type_weights: tuple[tuple[str, float], ...] = ()
    strangers: float = 0.0
    surroundings: float = 0.0
    relit: float = 0.0
    coarse: float = 0.0
    settling_steps: int = 60


def served_by(recipe: Mapping[str, Any]) -> PreprocessSpec:
    """Return how the network that a recipe makes is asked: as its last phase saw, and around.

    Args:
        recipe: by its fields' names, as a run's record keeps it; older ones lack some.
    """
    trained_px = recipe["phases"][-1]["size_px"]
    size_px = trained_px + recipe.get("around_px", 0)
    return PreprocessSpec(
        size_px=size_px,
        stain=recipe.get("stain", "as-is"),
        sides=recipe.get("sides", 1.0) * size_px / trained_px,
    )


def _values(path: Path) -> dict[str, Any]:
    """Return what a TOML file says, over what the one says that it is ``like``."""
    values = tomllib.loads(path.read_text(encoding="utf-8"))
    base = values.pop("like", None)
    return _values(path.with_stem(base)) | values if base else values


def _read(path: Path) -> Recipe:
    """Return the recipe in a TOML file, by its name."""
    values = _values(path)
    values.pop("started_from", None)  # for whoever reads the file
    values["phases"] = tuple(Phase(**phase) for phase in values["phases"])
    for table in ("source_weights", "type_weights"):
        values[table] = tuple(values.get(table, {}).items())
    if "cell_types" in values:
        values["cell_types"] = tuple(values["cell_types"])
    return Recipe(path.stem, **values)


#: By their names: each file beside this one.
RECIPES = {path.stem: _read(path) for path in sorted(Path(__file__).parent.glob("*.toml"))}
