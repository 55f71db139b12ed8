"""Teaches a bundle a laboratory's own cells: the backbone stays, the last layer is fitted anew.

A few hundred cells cannot teach a network to see, but they can teach it what to call what it
sees. The new layer is a logistic regression on the embeddings, held near the old layer: how near
is chosen by cross-validation on the laboratory's own training cells.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import softmax
from sklearn.model_selection import StratifiedKFold

from hemavision.datasets.samples import Sample, digest, open_sample, read_folders
from hemavision.datasets.splits import Split, split_by_original
from hemavision.errors import DataError, ImageError, TrainingError
from hemavision.graph.doubt import ForeignModel, NoveltyModel, unit
from hemavision.graph.from_bundle import take_apart
from hemavision.graph.network import Layer
from hemavision.graph.writer import BundleParts, write_network
from hemavision.reading.engine import OnnxEngine
from hemavision.training.calibrate import (
    FAMILIAR_SHARE,
    apply_temperature,
    fit_check_threshold,
    fit_novelty,
    fit_temperature,
)
from hemavision.training.checks import check_split
from hemavision.training.finish import OF_EACH_KIND, Responses, look_at
from hemavision.training.heads import Layer as Weights
from hemavision.training.heads import fit_layer
from hemavision.training.run import origin_of

#: This share of each type's cells is kept back, to measure before and after.
HELD_OUT = 0.3
FOLDS = 5
#: Fewer cells of a type than this can neither be learned nor measured.
FEWEST = 10
#: How strongly the old layer holds the new one, from hardly to wholly.
HOLDS = (1e-3, 1e-2, 1e-1, 1.0, 10.0)


@dataclass(frozen=True)
class Cells:
    """Cells: embeddings (float N×D), old probabilities, labels."""

    embeddings: np.ndarray
    probabilities: np.ndarray
    labels: np.ndarray

    def only(self, rows: np.ndarray | slice) -> Cells:
        """Return the cells of these rows."""
        return Cells(*(values[rows] for values in vars(self).values()))


@dataclass(frozen=True)
class Adapted:
    """What came of it: right answers on the cells that were kept back, before and after.

    Attributes:
        cell_types: of the new bundle.
        trained: cells learned from.
        held_out: type → (cells kept back, right before, right after).
        hold: the chosen strength of the old layer, one of :data:`HOLDS`.
    """

    cell_types: tuple[str, ...]
    trained: int
    held_out: dict[str, tuple[int, int, int]]
    hold: float

    def right(self, after: bool) -> float:
        """Return the share of the cells kept back that was named rightly."""
        rows = self.held_out.values()
        return sum(row[1 + after] for row in rows) / sum(row[0] for row in rows)


def adapt(
    bundle: Path,
    folder: Path,
    out: Path,
    *,
    command: str,
    skip_bad: bool = False,
    on_image: Callable[[int, int], None] | None = None,
) -> Adapted:
    """Write ``bundle`` with a last layer fitted to the labelled cells of ``folder`` as ``out``.

    Args:
        bundle: with one dense layer on the mean of its last feature map.
        folder: one folder a cell type, images inside; types that the bundle does not know
            are added to it.
        out: the new bundle; must not exist.
        command: the command line, for the record.
        skip_bad: go on without images that cannot be read.
        on_image: called with (done, total).

    Raises:
        TrainingError: ``out`` exists, or the bundle has another kind of head.
        DataError: a type has fewer than :data:`FEWEST` cells, or images are bad.
        BundleError: ``bundle`` is none.
    """
    if out.exists():
        raise TrainingError(f"{out} exists already; name another file with --out.")
    parts = take_apart(bundle)
    _check_head(parts, bundle)
    split = _split(folder, skip_bad)
    engine = OnnxEngine(bundle)
    seen = look_at(split.train + split.validation, engine, on_image)
    old = parts.manifest.cell_types
    types = old + tuple(t for t in split.cell_types if t not in old)
    learned, kept = _cells(split.train, split.validation, seen, types)
    start = _old_layer(parts, len(types))
    hold, guesses = _choose_hold(learned, start)
    kernel, bias = fit_layer(learned.embeddings, learned.labels, start, hold)
    novelty = _familiar(parts.novelty, learned, kept)
    # The laboratory is no foreign one any more.
    temperature = fit_temperature(guesses, learned.labels)
    own = seen.colours[: len(split.train)]
    foreign = _at_home(parts.foreign, own)
    sure = apply_temperature(guesses, temperature)
    manifest = replace(
        parts.manifest,
        cell_types=types,
        name=out.stem,
        temperature=temperature,
        check_below=fit_check_threshold(sure, learned.labels),
        training=_record(bundle, split, command),
        metrics={},
    )
    after = softmax(kept.embeddings @ kernel + bias, axis=1).argmax(axis=1)
    _write(replace(parts, manifest=manifest, novelty=novelty, foreign=foreign), (kernel, bias), out)
    held_out = {
        name: (
            int((kept.labels == index).sum()),
            int(((kept.labels == index) & (kept.probabilities.argmax(axis=1) == index)).sum()),
            int(((kept.labels == index) & (after == index)).sum()),
        )
        for index, name in enumerate(types)
        if (kept.labels == index).any()
    }
    return Adapted(types, len(learned.labels), held_out, hold)


def _choose_hold(cells: Cells, start: Weights) -> tuple[float, np.ndarray]:
    """Return the hold whose guesses of cells left out are best, and those guesses (N×K)."""
    best: tuple[float, float, np.ndarray] | None = None
    folds = list(
        StratifiedKFold(FOLDS, shuffle=True, random_state=1).split(cells.embeddings, cells.labels)
    )
    rows = np.arange(len(cells.labels))
    for hold in HOLDS:
        guesses = np.zeros((len(rows), start[0].shape[1]))
        for inside, outside in folds:
            some = cells.only(inside)
            kernel, bias = fit_layer(some.embeddings, some.labels, start, hold)
            guesses[outside] = softmax(cells.embeddings[outside] @ kernel + bias, axis=1)
        loss = -float(np.log(np.maximum(guesses[rows, cells.labels], 1e-12)).mean())
        if best is None or loss < best[0]:
            best = (loss, hold, guesses)
    assert best is not None
    return best[1], best[2]


def _check_head(parts: BundleParts, bundle: Path) -> None:
    network, layer = parts.network, parts.network.output
    kinds = [layer.kind]
    while layer.kind in ("Dense", "Dropout") and len(kinds) < 4:
        layer = network.layer(layer.inputs[0])
        kinds.append(layer.kind)
    if kinds.count("Dense") != 1 or kinds[-1] != "GlobalAveragePooling2D":
        raise TrainingError(
            f"{bundle} does not end in one dense layer on the mean of its feature map ({kinds}); "
            "only such a bundle, as eight-types is, can be taught your own cells. Train the whole "
            "network with --start instead."
        )


def _split(folder: Path, skip_bad: bool) -> Split:
    samples = _readable(read_folders(folder), skip_bad)
    counts = Counter(sample.cell_type for sample in samples)
    few = [f"{name} ({count})" for name, count in sorted(counts.items()) if count < FEWEST]
    if few:
        raise DataError(
            f"{folder} has fewer than {FEWEST} cells of {', '.join(few)}; add cells, or take these "
            "folders out."
        )
    train, held_out = split_by_original(samples, HELD_OUT)
    types = tuple(sorted(counts))
    split = Split(f"folders:{folder.name}", train, held_out, [], cell_types=types)
    return check_split(split, skip_bad=skip_bad)


def _readable(samples: list[Sample], skip_bad: bool) -> list[Sample]:
    good, bad = [], []
    for sample in samples:
        try:
            open_sample(sample)
            good.append(sample)
        except ImageError as error:
            bad.append(f"{sample.path}: {error}")
    if bad and not skip_bad:
        raise DataError(
            f"{len(bad)} unreadable images; mend them, or go on without them with --skip-bad:\n"
            + "\n".join(bad[:50])
        )
    return good


def _cells(
    train: list[Sample],
    held_out: list[Sample],
    seen: Responses,
    types: tuple[str, ...],
) -> tuple[Cells, Cells]:
    labels = np.array([types.index(s.cell_type) for s in train + held_out])
    whole = Cells(seen.embedding, seen.probabilities, labels)
    return whole.only(slice(len(train))), whole.only(slice(len(train), None))


def _old_layer(parts: BundleParts, kinds: int) -> Weights:
    """Return the old layer; a new type starts as the mean of the old ones."""
    kernel, bias = parts.network.output.weights
    new = kinds - kernel.shape[1]
    kernel = np.concatenate([kernel, np.repeat(kernel.mean(axis=1, keepdims=True), new, 1)], 1)
    return kernel, np.concatenate([bias, np.repeat(bias.mean(), new)])


def _write(parts: BundleParts, layer: Weights, out: Path) -> None:
    last = parts.network.output
    options = last.options | {"units": len(parts.manifest.cell_types)}
    new = Layer(last.kind, last.name, options, last.inputs, layer)
    network = replace(parts.network, layers=(*parts.network.layers[:-1], new))
    manifest = replace(parts.manifest, weights_sha256=network.weights_sha256())
    write_network(replace(parts, network=network, manifest=manifest), out)


def some_of_each_type(labels: np.ndarray) -> np.ndarray:
    """Return where at most :data:`OF_EACH_KIND` of every type stand, evenly spread: int N."""
    each = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    return np.concatenate(
        [
            rows[np.linspace(0, len(rows) - 1, min(len(rows), OF_EACH_KIND)).astype(int)]
            for rows in each
        ]
    )


def _familiar(old: NoveltyModel | None, cells: Cells, kept: Cells) -> NoveltyModel:
    """Return the distance with the laboratory's own cells among the known ones.

    A bundle that was written before novelty was such a distance knows them alone.
    """
    own = cells.embeddings[some_of_each_type(cells.labels)]
    if old is None:
        return fit_novelty(own, kept.embeddings)
    wider = replace(old, known=np.concatenate([old.known, unit(own)]))
    far = float(np.quantile(wider.measure(cells.embeddings), FAMILIAR_SHARE))
    return replace(wider, scale=old.scale * max(1.0, far))


def _at_home(old: ForeignModel | None, colours: np.ndarray) -> ForeignModel | None:
    """Return what is foreign with the laboratory's own cells, by their colours (N×15), as known."""
    if old is None:
        return None
    return replace(old, known=np.concatenate([old.known, colours @ old.whiten]))


def _record(bundle: Path, split: Split, command: str) -> dict[str, Any]:
    return {
        "protocol": split.protocol,
        "start": origin_of(bundle),
        "images": {"train": len(split.train), "held_out": len(split.validation)},
        "data_digest": digest(split.train + split.validation),
        "command": command,
    }
