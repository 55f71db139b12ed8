"""Training recipes: every number that a run depends on, in one frozen record."""

from __future__ import annotations

from dataclasses import dataclass

from hemavision.records.cells import EIGHT_TYPES, FOUR_TYPES


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
            only), ``""`` with nothing.
        cell_types: that it names, in order.
        stain: of the crops, as in :class:`hemavision.reading.preprocess.PreprocessSpec`; with
            ``"both"``, half of the views are in standard stain.
        sides: of the crops, likewise.
        mirrors: whether the shipped network answers by the mean over a cell's mirror images.
        source_weights: how often each image set is drawn, relative; equal images where empty.
        rare_types: how much less often a type is drawn that few image sets show: the power of
            the number of sets that show it.
        strangers: share of the views of what is no cell
            (:mod:`hemavision.training.strangers`), 0 to 1.
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
    mirrors: bool = False
    source_weights: tuple[tuple[str, float], ...] = ()
    rare_types: float = 1.0
    strangers: float = 0.0
    settling_steps: int = 60


#: The recipe that published work on this network describes.
SEED = Recipe(
    name="seed",
    phases=(Phase(224, 200),),
    learning_rate=0.001,
    momentum=0.0,
    decay="none",
    label_smoothing=0.0,
    weight_decay=0.0,
    patience=20,
    augment="none",
)

#: From nothing to cells in general: what both shipped networks start from.
PRETRAIN = Recipe(
    name="pretrain",
    phases=(Phase(64, 4, 200), Phase(96, 12, 150)),
    learning_rate=0.03,
    decay="cosine",
    questions=0.25,
)

#: The shipped default. Few steps: the network shall know PBC's thousands of cells better than it
#: knows a few hundred photographs by heart, some of whose labels are disputed.
HEMAVISION = Recipe(
    name="hemavision",
    phases=(Phase(112, 5, 100), Phase(224, 6, 50)),
    learning_rate=0.015,
    label_smoothing=0.1,
    questions=0.1,
    stain="standard",
    source_weights=(("kaggle_wbc", 0.45), ("pbc", 0.43), ("bccd", 0.12)),
)

#: For a test set whose cells were seen in training: little to generalise, much to remember.
MEMORY = Recipe(
    name="memory",
    phases=(Phase(112, 14, 100), Phase(224, 6, 50)),
    label_smoothing=0.0,
    weight_decay=1e-4,
    augment="light",
)

#: Full resolution alone, for a network that knows its cells at a lower one.
POLISH = Recipe(
    name="polish",
    phases=(Phase(224, 8, 50),),
    learning_rate=0.01,
    label_smoothing=0.0,
    weight_decay=1e-4,
    augment="light",
)

#: Eight types and their looks, from what ImageNet taught: its features are worth many times the
#: views, and every further laboratory is worth more than more of one (docs/decisions/0010-eye.md).
EIGHT = Recipe(
    name="eight-types",
    phases=(
        Phase(96, 4, 200, elsewhere=0.7),
        Phase(128, 2, 200, elsewhere=0.6),
        Phase(128, 1, 200, elsewhere=0.4),
    ),
    learning_rate=1e-3,
    optimiser="adamw",
    weight_decay=0.02,
    averaging=0.995,
    decay="cosine",
    augment="laboratories",
    questions=0.15,
    network="efficientnet_lite",
    pretrained="imagenet",
    cell_types=EIGHT_TYPES,
    stain="both",
    sides=0.85,
    mirrors=True,
    source_weights=(
        ("pbc", 0.4),
        ("kaggle_wbc", 0.15),
        ("bccd", 0.05),
        ("jtsc", 0.12),
        ("bcisc", 0.14),
        ("lisc", 0.14),
    ),
    rare_types=0.5,
    strangers=0.06,
)

RECIPES = {
    recipe.name: recipe
    for recipe in (
        EIGHT,
        HEMAVISION,
        MEMORY,
        POLISH,
        PRETRAIN,
        SEED,
    )
}
