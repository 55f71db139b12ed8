"""Training recipes: every number that a run depends on, in one frozen record."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hemavision.cells import EIGHT_TYPES, FOUR_TYPES


@dataclass(frozen=True)
class Phase:
    """A stretch of training at one resolution.

    Attributes:
        size_px: side of the views in pixels.
        epochs: how many; a checkpoint is written after each.
        steps: batches an epoch; ``None`` passes over the training set once.
    """

    size_px: int
    epochs: int
    steps: int | None = None


@dataclass(frozen=True)
class Recipe:
    """How to train.

    Attributes:
        name: as given to ``hemavision train --recipe``.
        phases: resolutions, lowest first; the network is convolutional up to its pooling.
        batch_size: images a step.
        learning_rate: the peak.
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
            brightness, stain strength and blanked edges, too; ``"laboratories"``, with
            another laboratory's camera and stain instead; or ``"half-laboratories"``, so for
            every other view and as in ``"light"`` for the rest; or ``"fifth-laboratories"``,
            so for every fifth.
        validate_on: most validation images to look at after an epoch, spread evenly.
        questions: weight of each further question (all types of a set, WBCAtt's attributes) in
            the loss, asked of the images whose set answers it; 0 asks none.
        network: one of :data:`hemavision.models.architectures.ARCHITECTURES`.
        cell_types: that it names, in order.
        stain: of the crops, as in :class:`hemavision.preprocess.PreprocessSpec`.
        source_weights: how often each image set is drawn, relative; equal images where empty.
        rare_types: how much less often a type is drawn that few image sets show: the power of
            the number of sets that show it.
        norms_rest: batch normalisation keeps the mean and spread that the weights to start from
            bring, and is not trained: a step takes two thirds of the time.
    """

    name: str
    phases: tuple[Phase, ...]
    batch_size: int = 32
    learning_rate: float = 0.02
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
    cell_types: tuple[str, ...] = FOUR_TYPES
    stain: str = "as-is"
    source_weights: tuple[tuple[str, float], ...] = ()
    rare_types: float = 1.0
    norms_rest: bool = False


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

#: Eight types and their looks, long, on the laboratory that shows most cells: what the eight-type
#: networks start from, the one that never sees that laboratory on what remains.
EIGHT_START = Recipe(
    name="eight-start",
    phases=(Phase(64, 10, 300), Phase(96, 6, 220)),
    learning_rate=0.03,
    decay="cosine",
    averaging=0.99,
    augment="laboratories",
    questions=0.2,
    network="residual_cnn",
    cell_types=EIGHT_TYPES,
    stain="standard",
    source_weights=(("pbc", 0.55), ("kaggle_wbc", 0.2), ("bccd", 0.1), ("jtsc", 0.15)),
)

#: Then every laboratory at hand, half the time as it is; the red cells made alike, too.
EIGHT = replace(
    EIGHT_START,
    name="eight-types",
    phases=(Phase(96, 10, 200), Phase(128, 4, 150)),
    learning_rate=0.02,
    augment="half-laboratories",
    stain="red-cells",
)

#: And on from there, at the resolution that most was learned at; the rare types more often.
EIGHT_FINISH = replace(
    EIGHT, name="eight-finish", phases=(Phase(96, 8, 300),), learning_rate=0.015, rare_types=0.5
)

#: And long at home: what a cell of a known laboratory shows in full, its looks above all. What was
#: learned to be looked past elsewhere is kept by the low rate and by one view in five.
EIGHT_HOME = replace(
    EIGHT_FINISH,
    name="eight-home",
    phases=(Phase(96, 16, 300),),
    learning_rate=0.008,
    augment="fifth-laboratories",
    questions=0.25,
    norms_rest=True,
)

#: And longer still. The few hundred photographs of the other sets are known by heart by now, so
#: they are drawn less: as often as keeps them.
EIGHT_LONG = replace(
    EIGHT_HOME,
    name="eight-long",
    phases=(Phase(96, 32, 300),),
    source_weights=(("pbc", 0.7), ("kaggle_wbc", 0.15), ("bccd", 0.05), ("jtsc", 0.1)),
)

#: A network that only has to show what it does with a type it never saw.
EIGHT_PROBE = replace(EIGHT_START, name="eight-probe", phases=(Phase(64, 7, 300),))

RECIPES = {
    recipe.name: recipe
    for recipe in (
        EIGHT,
        EIGHT_FINISH,
        EIGHT_HOME,
        EIGHT_LONG,
        EIGHT_PROBE,
        EIGHT_START,
        HEMAVISION,
        MEMORY,
        POLISH,
        PRETRAIN,
        SEED,
    )
}
