"""From images to predictions: locate, crop, run, judge. The one path that all users share."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from typing import cast

import numpy as np

from hemavision import settings
from hemavision.images.opening import ImageSource, open_image
from hemavision.reading.bundle import DEFAULT_MODEL, Manifest, find_bundle
from hemavision.reading.engine import Engine, EngineOutput, OnnxEngine, run_averaged
from hemavision.reading.explaining import focus
from hemavision.reading.finding.detector import Finder, open_detector
from hemavision.reading.heard import Stage, stage, tell_named
from hemavision.reading.odds import leaning
from hemavision.reading.preprocess import cut_input
from hemavision.reading.reasons import give_reasons
from hemavision.reading.where import where_to_look
from hemavision.records.results import Box, ModelReference, Prediction, Status

#: Images a forward pass: on a CPU more are no faster, and memory grows with them.
BATCH = 2


class Model:
    """A network ready to answer, from whole images to predictions."""

    def __init__(
        self,
        engine: Engine,
        reference: ModelReference,
        finder: Callable[[], Finder] | None = None,
    ) -> None:
        """Take an opened engine, the reference that its answers carry, and what finds cells.

        ``finder`` gives what finds the white cell of a picture that it does not fill; without one
        the most strongly stained nucleus is taken for it.
        """
        self._engine, self._finder = engine, finder
        self.reference = reference

    def found_by(self, finder: Finder | None) -> Model:
        """Return the model with another finder, opened already; ``None`` for the nucleus alone."""
        return Model(self._engine, self.reference, (lambda: finder) if finder else None)

    @property
    def manifest(self) -> Manifest:
        """What the model's bundle says about itself."""
        return self._engine.manifest

    def predict(self, images: ImageSource | Sequence[ImageSource]) -> list[Prediction]:
        """Classify one image or many.

        Args:
            images: a path, the bytes of an image file, or a uint8 RGB array H×W×3 (0 to
                255); or a list of those.

        Returns:
            One prediction an image, in order.

        Raises:
            ImageError: an image cannot be read; for a folder with bad files, open them one
                by one with :func:`hemavision.images.opening.open_image`.
        """
        one = isinstance(images, (str, Path, bytes, np.ndarray))
        many = cast("Sequence[ImageSource]", [images] if one else images)
        return list(self.predict_arrays([open_image(image).rgb for image in many]))

    def predict_arrays(self, images: Sequence[np.ndarray]) -> Iterator[Prediction]:
        """Yield one prediction for each uint8 RGB array H×W×3, in order."""
        for first in range(0, len(images), BATCH):
            batch = images[first : first + BATCH]
            spec = self.manifest.preprocess
            boxes = [where_to_look(image, spec, self._finder) for image in batch]
            yield from self.predict_boxes(batch, boxes)

    def predict_boxes(
        self, images: Sequence[np.ndarray], boxes: Sequence[Box]
    ) -> Iterator[Prediction]:
        """Yield one prediction for each uint8 RGB array H×W×3, looking where its box says.

        Args:
            images: as for :meth:`predict_arrays`.
            boxes: where to look, one an image.
        """
        for first in range(0, len(images), BATCH):
            batch = slice(first, first + BATCH)
            yield from self._predict_batch(images[batch], boxes[batch])

    def _predict_batch(
        self, images: Sequence[np.ndarray], boxes: Sequence[Box]
    ) -> Iterator[Prediction]:
        started = time.perf_counter()
        spec = self.manifest.preprocess
        crops = [cut_input(i, box, spec) for i, box in zip(images, boxes, strict=True)]
        with stage(Stage.PASS):
            output = run_averaged(self._engine, np.stack(crops))
        milliseconds = (time.perf_counter() - started) * 1000 / len(images)
        for index, (image, box) in enumerate(zip(images, boxes, strict=True)):
            yield tell_named(self._judge(image, box, output, index, milliseconds))

    def _judge(
        self, image: np.ndarray, box: Box, output: EngineOutput, index: int, milliseconds: float
    ) -> Prediction:
        types = self.manifest.cell_types
        seen = dict(zip(types, map(float, output.probabilities[index]), strict=True))
        is_foreign = float(output.foreign[index]) > 1.0
        named = leaning(seen) if is_foreign else seen
        best = int(np.argmax([named[name] for name in types]))
        novelty = float(output.novelty[index])
        morphology = {
            name: dict(zip(kinds, map(float, output.morphology[name][index]), strict=True))
            for name, kinds in self.manifest.morphology.items()
        }
        reasons = give_reasons(morphology, named, self.manifest.looks) if morphology else None
        on_cell = focus(output.heatmaps[index, best])
        elsewhere = on_cell < self.manifest.focus_below
        # Nothing is sure that was not so by its looks alone.
        unsure = min(named[types[best]], seen[types[best]]) < self.manifest.check_below
        contradicted = reasons is not None and bool(reasons.contradictions)
        status = Status.CONFIDENT
        if novelty > 1.0:
            status = Status.UNFAMILIAR
        elif unsure or contradicted or elsewhere:
            status = Status.CHECK
        return Prediction(
            cell_type=types[best],
            confidence=named[types[best]],
            probabilities=named,
            status=status,
            novelty=novelty,
            focus=on_cell,
            looked_elsewhere=elsewhere,
            box=box,
            width=image.shape[1],
            height=image.shape[0],
            model=self.reference,
            milliseconds=milliseconds,
            morphology=morphology,
            reasons=reasons,
            foreign_colours=is_foreign,
            heatmaps=output.heatmaps[index],
            morphology_heatmaps={
                name: maps[index] for name, maps in output.morphology_heatmaps.items()
            },
            embedding=output.embedding[index],
        )


def open_model(name_or_path: str | Path = DEFAULT_MODEL, threads: int = 0) -> Model:
    """Open a model by name or a bundle by path.

    Args:
        name_or_path: as listed by ``hemavision models``, or a ``.onnx`` bundle.
        threads: for the network; 0 is one per core.

    White cells of fields are found by the detector of the settings (``HEMAVISION_DETECTOR``).

    Raises:
        BundleError: there is no such model, or the file is not a sound bundle.
    """
    path = find_bundle(name_or_path)
    engine = OnnxEngine(path, threads)
    # Opened for the first picture that is a field.
    finder = cache(partial(open_detector, settings.text("detector"), threads))
    return Model(engine, ModelReference(engine.manifest.name, engine.sha256), finder)
