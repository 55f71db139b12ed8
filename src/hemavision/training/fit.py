"""Fits a network by a recipe, epoch by epoch, resumable after a kill at any moment."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from hemavision.errors import BundleError, TrainingError
from hemavision.graph.from_bundle import network_from_bundle, take_apart
from hemavision.graph.gradcam import Attribute
from hemavision.keras_files.loading import read_network
from hemavision.models.architectures import ARCHITECTURES
from hemavision.training.batches import LabelledCrops, PlainBatches, TrainingBatches, steps_in
from hemavision.training.heads import settle_looks
from hemavision.training.imagenet import take_imagenet
from hemavision.training.norms import fused_norms, settle_norms
from hemavision.training.questions import (
    ANSWER,
    Questions,
    answering,
    asking,
    load_attributes,
    questions_in,
    save_attributes,
)
from hemavision.training.recipes import Phase, Recipe, served_by
from hemavision.training.views import view_maker

STATE, LOG, BEST, FINAL = "state.json", "log.csv", "best.weights.h5", "final.weights.h5"
LOOKS = "morphology.npz"


@dataclass(frozen=True)
class Start:
    """Where a run begins.

    Attributes:
        seed: of everything random.
        weights: to start from, a Keras file or a bundle; ``None`` for new ones. What the run
            they come from learned about looks is taken with them.
        precision: that layers compute in, as for :func:`hemavision.models.separable_cnn.build`.
        processes: that make views beside the training; at 0 it makes them itself.
    """

    seed: int = 1
    weights: Path | None = None
    precision: str = "float32"
    processes: int = 0


@dataclass(frozen=True)
class State:
    """What a run knows between two epochs."""

    epoch: int = 0
    checkpoint: str = ""
    best_loss: float = float("inf")
    best_epoch: int = 0


def fit(
    recipe: Recipe,
    train: LabelledCrops,
    validation: LabelledCrops,
    folder: Path,
    *,
    start: Start,
    on_epoch: Callable[[dict[str, float]], None] | None = None,
) -> Path:
    """Train, or go on training, in ``folder``; return the file of the resulting weights.

    An epoch's batches, dropout and learning rate follow from (seed, epoch) and the
    checkpoint alone, so a run that was killed ends as one that was not, up to the
    rounding noise of a threaded sum.

    Args:
        recipe: what to do.
        train: what to learn from.
        validation: what decides about early stopping and the best epoch.
        folder: holds the checkpoint, the log and the weights.
        start: seed, precision and, to start from, weights of the same network.
        on_epoch: called after each epoch with its row of the log.

    Raises:
        TrainingError: the loss is no longer finite.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state = read_state(folder)
    questions = questions_in(train.samples) if recipe.questions else {}
    if state.checkpoint:
        model: keras.Model = keras.saving.load_model(folder / state.checkpoint)
    else:
        model = _new_model(recipe, train, questions, start)
    core = answering(model)
    phases = [phase for phase in recipe.phases for _ in range(phase.epochs)]
    with view_maker(train.crops, start.processes) as maker, fused_norms():

        def batches(recipe: Recipe, phase: Phase, epoch: int) -> TrainingBatches:
            key = (start.seed, epoch)
            return TrainingBatches(train, recipe, maker, phase=phase, questions=questions, key=key)

        while state.epoch < len(phases) and not _should_stop(recipe, state):
            epoch, phase = state.epoch, phases[state.epoch]
            seed_dropout(model, start.seed, epoch)
            history = model.fit(
                batches(recipe, phase, epoch),
                epochs=epoch + 1,
                initial_epoch=epoch,
                verbose=0,
                shuffle=False,
            )
            row: dict[str, float] = {"epoch": epoch + 1, "size_px": phase.size_px}
            for name in ("accuracy", "loss"):
                values = history.history.get(f"{ANSWER}_{name}", history.history.get(name))
                row[name] = float(values[-1])
            row |= _validate(core, validation, phase.size_px, recipe.sides)
            if not np.isfinite(row["loss"]):
                raise TrainingError(
                    f"The loss became {row['loss']} in epoch {epoch + 1}; lower the learning rate."
                )
            state = checkpoint(model, core, folder, state, row)
            if on_epoch:
                on_epoch(row)
        # As the network will be asked: with a margin that its last phase did not see.
        asked = served_by(asdict(recipe))
        last = replace(phases[-1], size_px=asked.size_px, steps=recipe.settling_steps)
        settle_norms(core, batches(replace(recipe, sides=asked.sides), last, len(phases)))
    settle_looks(model, train, questions, recipe)
    save_attributes(model, questions, folder / LOOKS)
    core.save_weights(folder / FINAL)
    # With patience the run went on past its best epoch; with a schedule the end is the best.
    return folder / (BEST if recipe.patience is not None else FINAL)


def _should_stop(recipe: Recipe, state: State) -> bool:
    return recipe.patience is not None and state.epoch - state.best_epoch >= recipe.patience


def _new_model(
    recipe: Recipe, train: LabelledCrops, questions: Questions, start: Start
) -> keras.Model:
    keras.utils.set_random_seed(start.seed)
    build = ARCHITECTURES[recipe.network]
    core = build(classes=len(train.cell_types), input_px=None, precision=start.precision)
    if start.weights:
        take_weights(start.weights, core)
    elif recipe.pretrained == "imagenet":
        take_imagenet(core, recipe.network)
    model = asking(core, questions)
    if start.weights:
        for attribute in _looks_in(start.weights):
            if questions.get(attribute.name) == attribute.values:
                layer = model.get_layer(attribute.name)
                layer.set_weights([attribute.kernel, attribute.bias])
    model.compile(
        optimizer=_optimizer(recipe, len(train.samples)),
        loss=dict.fromkeys((ANSWER, *questions), "categorical_crossentropy"),
        loss_weights={ANSWER: 1.0} | dict.fromkeys(questions, recipe.questions),
        weighted_metrics={ANSWER: ["accuracy"]},
        # XLA takes minutes to compile a depthwise network for a CPU, and is no faster after.
        jit_compile=False,
    )
    return model


def _looks_in(weights: Path) -> tuple[Attribute, ...]:
    """Return what was learned about looks with ``weights``: in a bundle, or beside a file."""
    if weights.suffix == ".onnx":
        return take_apart(weights).attributes
    return load_attributes(weights.with_name(LOOKS))


def take_weights(path: Path, model: keras.Model) -> None:
    """Give ``model`` the weights in a bundle or a file of any Keras, layer by layer.

    Raises:
        BundleError: it cannot be read, or holds another network.
    """
    if path.suffix == ".onnx":
        network = network_from_bundle(path)
    else:
        network = read_network(path, json.loads(model.to_json()))
    # By name: where branches meet, the order of the layers is anybody's choice.
    found = {layer.name: layer.weights for layer in network.layers}
    for layer in model.layers:
        own = layer.get_weights()
        given = found.get(layer.name, ())
        if [array.shape for array in given] != [array.shape for array in own]:
            raise BundleError(
                f"{path} holds another network: its layer {layer.name!r} has weights of "
                f"{[array.shape for array in given]}, and {model.name} of "
                f"{[array.shape for array in own]}."
            )
        layer.set_weights(list(given))


def _optimizer(recipe: Recipe, images: int) -> keras.optimizers.Optimizer:
    steps = sum(p.epochs * steps_in(p, images, recipe.batch_size) for p in recipe.phases)
    rate: Any = recipe.learning_rate
    if recipe.decay == "linear":
        rate = keras.optimizers.schedules.PolynomialDecay(recipe.learning_rate, steps, 0.0)
    elif recipe.decay == "cosine":
        warm_up = max(1, steps // 20)
        rate = keras.optimizers.schedules.CosineDecay(
            recipe.learning_rate / 20,
            steps - warm_up,
            warmup_target=recipe.learning_rate,
            warmup_steps=warm_up,
        )
    shared: dict[str, Any] = {
        "clipnorm": 5.0,
        "use_ema": recipe.averaging > 0,
        "ema_momentum": recipe.averaging or 0.99,
    }
    if recipe.optimiser == "adamw":
        optimizer = keras.optimizers.AdamW(rate, weight_decay=recipe.weight_decay, **shared)
        optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
        return optimizer
    return keras.optimizers.SGD(
        rate,
        momentum=recipe.momentum,
        nesterov=recipe.momentum > 0,
        weight_decay=recipe.weight_decay or None,
        **shared,
    )


def seed_dropout(model: keras.Model, seed: int, epoch: int) -> None:
    """Tie dropout to the epoch: a checkpoint does not carry the generators' states."""
    for index, layer in enumerate(model.layers):
        if isinstance(layer, keras.layers.Dropout):
            layer.seed_generator.state.assign([seed * 1000 + index, epoch])


def _validate(
    model: keras.Model, validation: LabelledCrops, size_px: int, sides: float
) -> dict[str, float]:
    if not validation.samples:
        return {"val_loss": float("nan"), "val_accuracy": float("nan")}
    batches = PlainBatches(validation, size_px, sides)
    scores = model.evaluate(batches, verbose=0, return_dict=True)
    return {f"val_{name}": float(value) for name, value in scores.items()}


def checkpoint(
    model: keras.Model, core: keras.Model, folder: Path, state: State, row: dict[str, float]
) -> State:
    """Write the epoch so that a kill at any moment leaves either the old one or the new."""
    epoch = int(row["epoch"])
    name = f"checkpoint-{epoch:04d}.keras"
    part = folder / f"part-{name}"
    model.save(part)
    part.replace(folder / name)
    new = replace(state, epoch=epoch, checkpoint=name)
    if row["val_loss"] < state.best_loss:
        part_best = folder / f"part-{BEST}"
        core.save_weights(part_best)
        part_best.replace(folder / BEST)
        new = replace(new, best_loss=row["val_loss"], best_epoch=epoch)
    _write_log(folder, row)
    part_state = folder / f"part-{STATE}"
    part_state.write_text(json.dumps(asdict(new)))
    part_state.replace(folder / STATE)
    if state.checkpoint:
        (folder / state.checkpoint).unlink(missing_ok=True)
    return new


def read_state(folder: Path) -> State:
    """Return what an unfinished run in ``folder`` knows; a new one's where there is none."""
    path = folder / STATE
    return State(**json.loads(path.read_text())) if path.exists() else State()


def _write_log(folder: Path, row: dict[str, float]) -> None:
    """Append the epoch; an epoch that a kill cut between log and state is written over."""
    path = folder / LOG
    rows = []
    if path.exists():
        with path.open(newline="") as stream:
            rows = [r for r in csv.DictReader(stream) if int(r["epoch"]) < row["epoch"]]
    part = folder / f"part-{LOG}"
    with part.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(row))
        writer.writeheader()
        writer.writerows([*rows, row])
    part.replace(path)
