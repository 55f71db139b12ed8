"""Training recipes: every number that a run depends on, in one frozen record."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Phase:
    """A stretch of training at one resolution: ``size_px`` pixels for ``epochs`` epochs."""

    size_px: int
    epochs: int


@dataclass(frozen=True)
class Recipe:
    """How to train.

    Attributes:
        name: as given to ``hemavision train --recipe``.
        phases: resolutions, lowest first; the network is convolutional up to its pooling.
        steps_per_epoch: batches an epoch; ``None`` passes over the training set once.
        batch_size: images a step.
        learning_rate: the peak; constant where ``cosine`` is false.
        momentum: of SGD, Nesterov's where it is above zero.
        cosine: warm up over the first twentieth, then cosine to zero over the whole run.
        label_smoothing: 0 to 1.
        weight_decay: decoupled, a step.
        patience: epochs without a better validation loss before stopping; ``None`` never stops.
        augment: whether views are random.
        source_weights: how often each image set is drawn, relative; equal images where empty.
    """

    name: str
    phases: tuple[Phase, ...]
    steps_per_epoch: int | None = None
    batch_size: int = 32
    learning_rate: float = 0.02
    momentum: float = 0.9
    cosine: bool = True
    label_smoothing: float = 0.05
    weight_decay: float = 5e-4
    patience: int | None = None
    augment: bool = True
    source_weights: tuple[tuple[str, float], ...] = ()


#: The recipe that published work on this network describes.
SEED = Recipe(
    name="seed",
    phases=(Phase(224, 200),),
    learning_rate=0.001,
    momentum=0.0,
    cosine=False,
    label_smoothing=0.0,
    weight_decay=0.0,
    patience=20,
    augment=False,
)

#: From nothing to cells in general: before either of the shipped networks.
PRETRAIN = Recipe(
    name="pretrain",
    phases=(Phase(64, 4), Phase(96, 10)),
    steps_per_epoch=80,
    learning_rate=0.03,
)

#: The shipped default.
HEMAVISION = Recipe(
    name="hemavision",
    phases=(Phase(96, 18), Phase(144, 3), Phase(224, 2)),
    steps_per_epoch=100,
    source_weights=(("kaggle_wbc", 0.55), ("pbc", 0.33), ("bccd", 0.12)),
)

RECIPES = {recipe.name: recipe for recipe in (HEMAVISION, PRETRAIN, SEED)}
