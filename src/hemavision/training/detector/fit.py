"""Fits the detector, epoch by epoch, resumable after a kill at any moment."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import keras
import numpy as np

from hemavision.datasets.fields import BoxedField, FieldSplit
from hemavision.datasets.samples import digest
from hemavision.models.cell_detector import FEATURES, build
from hemavision.training.batches import to_input
from hemavision.training.detector.composites import cut_out
from hemavision.training.detector.opened import OpenField, open_field
from hemavision.training.detector.targets import loss, targets_of
from hemavision.training.detector.views import BROAD, Variety, World, random_view, scaled, window
from hemavision.training.fit import FINAL, checkpoint, read_state, seed_dropout
from hemavision.training.imagenet import imagenet_origin, take_imagenet
from hemavision.training.norms import fused_norms, settle_norms
from hemavision.training.run import RunOptions, environment, origin_of, plot_log, write_config

#: Side of the square that holds a validation field at home.
WATCHED_PX = 320


@dataclass(frozen=True)
class DetectorRecipe:
    """How to train the detector.

    Attributes:
        epochs: how many; a checkpoint is written after each.
        steps: batches an epoch.
        batch_size: views a step.
        learning_rate: the peak of a cosine with warm-up, for AdamW.
        weight_decay: decoupled.
        averaging: momentum of the weights' moving mean, which an epoch ends with.
        variety: of the views.
        settling_steps: batches whose mean statistics the finished network's norms keep.
    """

    epochs: int = 9
    steps: int = 200
    batch_size: int = 8
    learning_rate: float = 1e-3
    weight_decay: float = 0.02
    averaging: float = 0.99
    variety: Variety = BROAD
    settling_steps: int = 100


#: By the names that ``hemavision train --recipe`` takes.
DETECTOR = DetectorRecipe()
DETECTOR_RECIPES = {"detector": DETECTOR}


class FieldBatches(keras.utils.PyDataset):  # type: ignore[misc]  # keras is untyped
    """One epoch of random views; they follow from (seed, epoch) and the position alone."""

    def __init__(self, world: World, recipe: DetectorRecipe, key: tuple[int, int]) -> None:
        """Take what there is to see; ``key`` is (seed, epoch)."""
        super().__init__(workers=1)
        self._world, self._recipe, self._key = world, recipe, key

    def __len__(self) -> int:
        return self._recipe.steps

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        rng, recipe = np.random.default_rng((*self._key, index)), self._recipe
        return _batch([
            random_view(self._world, rng, recipe.variety) for _ in range(recipe.batch_size)
        ])  # fmt: skip


def fit_detector(
    split: FieldSplit,
    recipe: DetectorRecipe,
    options: RunOptions,
    on_epoch: Callable[[dict[str, float]], None] | None = None,
) -> Path:
    """Train, or go on training, in ``options.folder``; return the file of the weights.

    Raises:
        ImageError: a field cannot be read.
        TrainingError: the folder holds a run of another configuration.
    """
    folder = options.folder
    write_config(_describe(split, recipe, options), folder)
    world = world_of(split)
    watched = _batch([_at_home(open_field(field)) for field in split.validation])
    state = read_state(folder)
    model = _restored(folder / state.checkpoint) if state.checkpoint else _new(recipe, options)
    for epoch in range(state.epoch, recipe.epochs):
        batches = FieldBatches(world, recipe, (options.seed, epoch))
        seed_dropout(model, options.seed, epoch)
        with fused_norms():
            history = model.fit(batches, verbose=0, shuffle=False)
        row: dict[str, float] = {"epoch": epoch + 1, "size_px": recipe.variety.view_px}
        row["loss"] = float(history.history["loss"][-1])
        row["val_loss"] = float(model.evaluate(*watched, batch_size=recipe.batch_size, verbose=0))
        state = checkpoint(model, model, folder, state, row)
        if on_epoch:
            on_epoch(row)
    settling = replace(recipe, steps=recipe.settling_steps)
    settle_norms(model, FieldBatches(world, settling, (options.seed, recipe.epochs)))
    model.save_weights(folder / FINAL)
    plot_log(folder, "loss")
    return folder / FINAL


def world_of(split: FieldSplit) -> World:
    """Open all that a detector learns from.

    Raises:
        ImageError: a picture cannot be read.
    """
    fields: dict[str, list[OpenField]] = {}
    for field in split.train:
        fields.setdefault(field.source, []).append(open_field(field))
    return World(fields, [cell for cell in map(cut_out, split.cells) if cell])


def _batch(views: list[OpenField]) -> tuple[np.ndarray, np.ndarray]:
    images = to_input(np.stack([view.rgb for view in views]))
    return images, np.stack([targets_of(view) for view in views])


def _at_home(field: OpenField) -> OpenField:
    """Return the field at the detector's own scale, filled up to a square."""
    return window(scaled(field, field.home), 0, 0, WATCHED_PX)


def _new(recipe: DetectorRecipe, options: RunOptions) -> keras.Model:
    keras.utils.set_random_seed(options.seed)
    model = build(precision=options.precision)
    if options.start:
        model.load_weights(options.start)
    else:
        take_imagenet(model, FEATURES)
    steps = recipe.epochs * recipe.steps
    warm_up = max(1, steps // 20)
    rate = keras.optimizers.schedules.CosineDecay(
        recipe.learning_rate / 20,
        steps - warm_up,
        warmup_target=recipe.learning_rate,
        warmup_steps=warm_up,
    )
    optimizer = keras.optimizers.AdamW(
        rate,
        weight_decay=recipe.weight_decay,
        clipnorm=5.0,
        use_ema=recipe.averaging > 0,
        ema_momentum=recipe.averaging or 0.99,
    )
    model.compile(optimizer=optimizer, loss=loss)
    return model


def _restored(path: Path) -> keras.Model:
    model: keras.Model = keras.saving.load_model(path, custom_objects={"loss": loss})
    return model


def _describe(split: FieldSplit, recipe: DetectorRecipe, options: RunOptions) -> dict[str, Any]:
    return {
        "protocol": split.protocol,
        "recipe": asdict(recipe),
        "seed": options.seed,
        "start": origin_of(options.start) if options.start else None,
        "pretrained": None if options.start else imagenet_origin(FEATURES),
        "precision": options.precision,
        "images": {
            "train": len(split.train),
            "validation": len(split.validation),
            "cells": len(split.cells),
        },
        "data_digest": digest_of(split.train + split.validation),
        "cells_digest": digest(split.cells),
        "command": options.command,
        "date": datetime.now(UTC).date().isoformat(),
        "environment": environment(),
    }


def digest_of(fields: list[BoxedField]) -> str:
    """Return a SHA-256 over names, contents and boxes, independent of where the set lies."""
    total = hashlib.sha256()
    for field in sorted(fields, key=lambda f: f.name):
        total.update(field.name.encode() + hashlib.sha256(field.path.read_bytes()).digest())
        total.update(field.boxes.tobytes() + field.kinds.astype(np.int64).tobytes())
    return total.hexdigest()
