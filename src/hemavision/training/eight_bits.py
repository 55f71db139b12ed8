"""From a bundle to the same in eight bits, by training images of every laboratory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import onnxruntime

from hemavision.datasets.fields import BoxedField
from hemavision.datasets.samples import Sample, digest, open_sample
from hemavision.datasets.splits import SPLIT_SEED, drawn
from hemavision.errors import BundleError
from hemavision.graph.eight_bits import write_eight_bits
from hemavision.reading.bundle import MANIFEST_KEY, sha256_of
from hemavision.reading.engine import EngineOutput, OnnxEngine, run_averaged
from hemavision.reading.finding.detector import Detector
from hemavision.reading.finding.manifest import MANIFEST_KEY as DETECTOR_KEY
from hemavision.reading.preprocess import cut_input
from hemavision.reading.where import where_to_look

#: Training images of each laboratory that the ranges are learned from.
OF_EACH = 12
#: Where the manifest's record of the training says how it was put in eight bits.
PAPERS = "eight_bits"
T = TypeVar("T", Sample, BoxedField)


def classifier_in_eight_bits(
    bundle: Path, train: Sequence[Sample], path: Path, command: str
) -> None:
    """Write a classifier's bundle in eight bits as ``path``; its stem becomes the model's name.

    Args:
        bundle: as `hemavision export` wrote it.
        train: what its network learned from.
        path: the file to write.
        command: the command line, for the record.

    Raises:
        BundleError: not a bundle, in eight bits already, or nothing in it can be.
    """
    engine = _WatchedEngine(bundle, threads=1)
    manifest, spec = engine.manifest, engine.manifest.preprocess
    _check_is_exact(bundle, manifest.training)
    chosen = of_each_laboratory(train)
    for sample in chosen:
        rgb = open_sample(sample)
        run_averaged(engine, cut_input(rgb, where_to_look(rgb, spec), spec)[None])
    papers = _papers(bundle, digest(chosen), len(chosen), command)
    written = replace(manifest, name=path.stem, training=manifest.training | papers)
    write_eight_bits(bundle, engine.shown, {MANIFEST_KEY: written.to_json()}, path)


def detector_in_eight_bits(
    bundle: Path, train: Sequence[BoxedField], path: Path, command: str
) -> None:
    """Write a detector's bundle in eight bits as ``path``: :func:`classifier_in_eight_bits`."""
    detector = _WatchedDetector(bundle, threads=1)
    _check_is_exact(bundle, detector.manifest.training)
    chosen = of_each_laboratory(train)
    for field in chosen:
        detector.find(field.open())
    samples = [Sample(field.path, "", field.name, field.source) for field in chosen]
    papers = _papers(bundle, digest(samples), len(chosen), command)
    manifest = detector.manifest
    written = replace(manifest, name=path.stem, training=manifest.training | papers)
    write_eight_bits(bundle, detector.shown, {DETECTOR_KEY: written.to_json()}, path)


def of_each_laboratory(images: Sequence[T]) -> list[T]:
    """Return :data:`OF_EACH` images of every set, always the same ones.

    Raises:
        BundleError: there is none.
    """
    if not images:
        raise BundleError("There is no image that the ranges could be learned from.")
    sources = sorted({image.source for image in images})
    return [
        image
        for source in sources
        for image in drawn([i for i in images if i.source == source], OF_EACH)
    ]


def _check_is_exact(bundle: Path, training: dict[str, Any]) -> None:
    if PAPERS in training:
        raise BundleError(
            f"{bundle} is in eight bits already; name the bundle that it was made of."
        )


def _papers(bundle: Path, data_digest: str, count: int, command: str) -> dict[str, Any]:
    return {
        PAPERS: {
            "command": command,
            "of": sha256_of(bundle.read_bytes()),
            "images": count,
            "data_digest": data_digest,
            "seed": SPLIT_SEED,
            "date": datetime.now(UTC).date().isoformat(),
            "onnxruntime": onnxruntime.__version__,
        }
    }


class _WatchedEngine(OnnxEngine):
    """Keeps what it is shown."""

    def __init__(self, path: Path, threads: int) -> None:
        super().__init__(path, threads)
        self.shown: list[np.ndarray] = []

    def run(self, crops: np.ndarray) -> EngineOutput:
        self.shown.append(crops)
        return super().run(crops)


class _WatchedDetector(Detector):
    """Keeps what its network is shown."""

    def __init__(self, path: Path, threads: int) -> None:
        super().__init__(path, threads)
        self.shown: list[np.ndarray] = []

    def _pass(self, images: np.ndarray, options: Any = None) -> tuple[np.ndarray, np.ndarray]:
        self.shown.append(images)
        return super()._pass(images, options)
