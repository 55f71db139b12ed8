"""Runs a model over samples and keeps what the metrics need, in arrays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from hemavision.datasets.samples import Sample, open_sample
from hemavision.errors import DataError, ImageError
from hemavision.exports.table import Table
from hemavision.reading.cell import BATCH, Model
from hemavision.records.results import Prediction

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Answers:
    """A model's answers to N images of K cell types, made from O originals.

    Attributes:
        cell_types: the K names, in the order of the columns.
        truth: int N, the right type's index.
        probabilities: float N×K, rows sum to 1.
        originals: int N, 0 to O-1: images with the same number show the same cell.
        statuses: str N, as :class:`hemavision.records.results.Status`.
        novelty: float N, above 1 is unfamiliar.
        milliseconds: float N.
    """

    cell_types: tuple[str, ...]
    truth: np.ndarray
    probabilities: np.ndarray
    originals: np.ndarray
    statuses: np.ndarray
    novelty: np.ndarray
    milliseconds: np.ndarray

    @property
    def predicted(self) -> np.ndarray:
        """The most probable type's index: int N."""
        return np.asarray(self.probabilities.argmax(axis=1))

    @property
    def confidence(self) -> np.ndarray:
        """The most probable type's probability: float N."""
        return np.asarray(self.probabilities.max(axis=1))

    @property
    def correct(self) -> np.ndarray:
        """Whether the most probable type is the right one: bool N."""
        return np.asarray(self.predicted == self.truth)


@dataclass(frozen=True)
class Run:
    """Samples with the model's predictions, and the images that could not be read."""

    samples: list[Sample]
    predictions: list[Prediction]
    unreadable: dict[Path, str] = field(default_factory=dict)


def run_model(model: Model, samples: list[Sample], progress: Progress | None = None) -> Run:
    """Classify every sample by the path that users run; heatmaps are not kept.

    Raises:
        DataError: not one image could be read.
    """
    kept: list[Sample] = []
    predictions: list[Prediction] = []
    unreadable: dict[Path, str] = {}
    for first in range(0, len(samples), BATCH):
        chunk, images = [], []
        for sample in samples[first : first + BATCH]:
            try:
                images.append(open_sample(sample))
                chunk.append(sample)
            except ImageError as error:
                unreadable[sample.path] = str(error)
        predictions += [
            replace(p, heatmaps=None, morphology_heatmaps={}) for p in model.predict_arrays(images)
        ]
        kept += chunk
        if progress:
            progress(min(first + BATCH, len(samples)), len(samples))
    if not kept:
        raise DataError(f"None of the {len(samples)} images could be read.")
    return Run(kept, predictions, unreadable)


def split_by_knowledge(run: Run, cell_types: tuple[str, ...]) -> tuple[Run, Run]:
    """Split a run into the types that the model knows and those that it cannot name."""
    pairs = list(zip(run.samples, run.predictions, strict=True))

    def part(known: bool) -> Run:
        chosen = [(s, p) for s, p in pairs if (s.cell_type in cell_types) is known]
        return Run([s for s, _ in chosen], [p for _, p in chosen])

    return part(True), part(False)


def collect(run: Run, cell_types: tuple[str, ...]) -> Answers:
    """Return a run's answers as arrays; every sample's type must be in ``cell_types``."""
    _, originals = np.unique([s.original for s in run.samples], return_inverse=True)
    return Answers(
        cell_types=cell_types,
        truth=np.array([cell_types.index(s.cell_type) for s in run.samples]),
        probabilities=np.array([[p.probabilities[t] for t in cell_types] for p in run.predictions]),
        originals=originals,
        statuses=np.array([p.status.value for p in run.predictions]),
        novelty=np.array([p.novelty for p in run.predictions]),
        milliseconds=np.array([p.milliseconds for p in run.predictions]),
    )


def write_predictions(run: Run, protocol: str, path: Path) -> None:
    """Append a run to a CSV file, one line an image; the header where the file is new."""
    types = list(run.predictions[0].probabilities)
    header = ["protocol", "source", "image", "original", "truth", "predicted", "confidence"]
    header += ["status", "novelty", *(f"p_{name}" for name in types)]
    new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as stream:
        table = Table(stream)
        if new:
            table.write(header)
        for sample, p in zip(run.samples, run.predictions, strict=True):
            image = "/".join(sample.path.parts[-2:])
            row = [protocol, sample.source, image, sample.original, sample.cell_type, p.cell_type]
            row += [f"{p.confidence:.6f}", p.status.value, f"{p.novelty:.4f}"]
            table.write([*row, *(f"{p.probabilities[name]:.6f}" for name in types)])
