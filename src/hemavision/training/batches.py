"""Batches that depend on nothing but (seed, epoch, position): a resumed run sees the same."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

import keras
import numpy as np

from hemavision.datasets.samples import Sample
from hemavision.training.augment import plain_view
from hemavision.training.questions import ANSWER, Questions, targets_of
from hemavision.training.recipes import Phase, Recipe
from hemavision.training.views import Chosen, ViewMaker

#: An array for each output of the network in training, by its name.
Targets = dict[str, np.ndarray]


@dataclass(frozen=True)
class LabelledCrops:
    """Crops (uint8 N×S×S×3), the N samples that they were cut from, the types to be named."""

    crops: np.ndarray
    samples: list[Sample]
    cell_types: tuple[str, ...]


def to_input(views: np.ndarray) -> np.ndarray:
    """Scale 0..255 to the network's [-1, 1], float32."""
    scaled = views.astype(np.float32)  # and then in place: a batch is large
    scaled /= np.float32(127.5)
    scaled -= np.float32(1.0)
    return scaled


def draw_weights(samples: list[Sample], recipe: Recipe) -> np.ndarray:
    """Return how likely each sample is to be drawn.

    Types are even within each image set, but for those that few of the sets show: drawn as often,
    they would become the name for whatever looks foreign (``Recipe.rare_types``), and for what
    blood seldom holds (``Recipe.type_weights``).
    """
    if not recipe.source_weights:
        return np.full(len(samples), 1.0 / len(samples))
    share = set_shares(samples, recipe)
    counts = Counter((s.source, s.cell_type) for s in samples)
    shown = Counter(cell_type for _, cell_type in counts)
    each = dict(recipe.type_weights)
    often = {kind: shown[kind] ** recipe.rare_types * each.get(kind, 1.0) for kind in shown}
    weights = [
        share[s.source] * often[s.cell_type] / counts[s.source, s.cell_type] for s in samples
    ]
    normalised: np.ndarray = np.array(weights) / sum(weights)
    return normalised


def abroad_shares(samples: list[Sample]) -> np.ndarray:
    """Return how often each sample may stand for another laboratory's, against the commonest types.

    What few image sets show is as seldom shown as from elsewhere: at home a network learns it in
    full, and does not expect it of whatever looks foreign.
    """
    shown = Counter(cell_type for _, cell_type in {(s.source, s.cell_type) for s in samples})
    most = max(shown.values())
    return np.array([shown[s.cell_type] / most for s in samples])


def set_shares(samples: list[Sample], recipe: Recipe) -> dict[str, float]:
    """Return how much each image set of the samples counts, relative."""
    share = dict(recipe.source_weights)
    sources = {s.source for s in samples}
    # A person's own set is in no recipe: then all sets count alike.
    unlisted = 0.0 if share.keys() & sources else 1.0
    return {source: share.get(source, unlisted) for source in sources}


def steps_in(phase: Phase, images: int, batch_size: int) -> int:
    """Return the batches of one epoch of ``phase`` over a set of ``images``."""
    return phase.steps or -(-images // batch_size)


class TrainingBatches(keras.utils.PyDataset):  # type: ignore[misc]  # keras is untyped
    """One epoch of random views."""

    def __init__(
        self,
        cells: LabelledCrops,
        recipe: Recipe,
        maker: ViewMaker,
        *,
        phase: Phase,
        questions: Questions,
        key: tuple[int, int],
    ) -> None:
        """Take what to show, how, and who makes the views; ``key`` is (seed, epoch)."""
        # Keras's threads only wait for the processes, several batches ahead.
        super().__init__(workers=maker.at_once, max_queue_size=2 * maker.at_once)
        samples = cells.samples
        self._maker, self._recipe, self._key = maker, recipe, key
        self._phase = phase
        self._elsewhere = phase.elsewhere * abroad_shares(samples)
        self._targets = targets_of(samples, cells.cell_types, questions)
        steps = steps_in(phase, len(samples), recipe.batch_size)
        count = steps * recipe.batch_size
        rng = np.random.default_rng(key)
        if recipe.source_weights:
            self._order = rng.choice(len(samples), count, p=draw_weights(samples, recipe))
        else:
            passes = -(-count // len(samples))
            orders = [rng.permutation(len(samples)) for _ in range(passes)]
            self._order = np.concatenate(orders)[:count]
        self._strange = rng.random(count) < recipe.strangers
        self._steps = steps

    def __len__(self) -> int:
        return self._steps

    def __getitem__(self, index: int) -> tuple[np.ndarray, Targets, Targets]:
        batch = self._recipe.batch_size
        chosen = self._order[index * batch : (index + 1) * batch]
        key = (*self._key, index)
        strange = self._strange[index * batch : (index + 1) * batch]
        asked = Chosen(chosen, self._elsewhere[chosen], strange)
        views = self._maker.views(asked, self._recipe, self._phase.size_px, key)
        smoothing = np.float32(self._recipe.label_smoothing)
        targets: Targets = {}
        known: Targets = {}
        for name, answers in self._targets.items():
            # Of what is no cell only the type is asked, and all are as likely.
            asked_of = ~strange if name != ANSWER else np.ones(len(chosen), bool)
            known[name] = np.asarray(answers[chosen].any(axis=1) & asked_of, np.float32)
            even = np.where(strange, np.float32(1.0), smoothing)[:, None]
            targets[name] = answers[chosen] * (1 - even) + even / answers.shape[1]
        return to_input(views), targets, known


class PlainBatches(keras.utils.PyDataset):  # type: ignore[misc]  # keras is untyped
    """The plain views of all samples in order, for validation."""

    def __init__(self, cells: LabelledCrops, size_px: int, sides: float = 1.0) -> None:
        """Take what to show, the side of the views in pixels, and in sides of the cells' boxes."""
        super().__init__(workers=1)
        self._crops, self._size_px, self._sides = cells.crops, size_px, sides
        self._targets = targets_of(cells.samples, cells.cell_types, {})[ANSWER]

    def __len__(self) -> int:
        return math.ceil(len(self._targets) / 64)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        part = slice(index * 64, (index + 1) * 64)
        views = [plain_view(crop, self._size_px, self._sides) for crop in self._crops[part]]
        return to_input(np.stack(views)), self._targets[part]
