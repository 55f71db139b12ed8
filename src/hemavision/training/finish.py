"""From a finished run to a bundle: weights, calibration on validation, manifest."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import softmax

from hemavision.bundle import Manifest
from hemavision.cells import FOUR_TYPES, SELDOM
from hemavision.compat.morphology import Attribute
from hemavision.compat.novelty import COLOURS, NoveltyModel, colours_of
from hemavision.detection import locate_cell
from hemavision.errors import TrainingError
from hemavision.explain import focus
from hemavision.models.architectures import ARCHITECTURES
from hemavision.preprocess import PreprocessSpec, cut_input
from hemavision.runtime import OnnxEngine
from hemavision.training.calibrate import (
    DOUBT,
    DOUBT_FROM,
    apply_temperature,
    fit_check_threshold,
    fit_novelty,
    fit_temperature,
)
from hemavision.training.datasets import Sample, open_sample
from hemavision.training.export import weights_sha256, write_bundle
from hemavision.training.fit import BEST, FINAL, LOOKS
from hemavision.training.laboratory import describe, measure_cell
from hemavision.training.questions import load_attributes
from hemavision.training.run import CONFIG
from hemavision.training.splits import Split, restrict

#: A heatmap is flagged where fewer of the validation images' maps lie so little on the cell.
UNUSUAL_FOCUS = 0.01
#: About how many training, and how many validation images are looked at.
MOST_IMAGES = 1200


def export_run(
    folder: Path,
    split: Split,
    bundle: Path,
    *,
    on_image: Callable[[int, int], None] | None = None,
) -> Manifest:
    """Write the weights of a run as a calibrated bundle.

    Temperature, check threshold and novelty come from the split's validation images,
    through the very path that serving takes.

    Args:
        folder: of the run.
        split: that the run was trained with.
        bundle: the file to write; its stem becomes the model's name.
        on_image: called with (done, total).

    Raises:
        TrainingError: the run is not finished.
    """
    config = json.loads((folder / CONFIG).read_text()) if (folder / CONFIG).exists() else None
    weights = folder / (BEST if config and config["recipe"]["patience"] is not None else FINAL)
    if config is None or not (folder / FINAL).exists():
        raise TrainingError(f"{folder} holds no finished run; `hemavision train` makes one.")
    recipe = config["recipe"]
    cell_types = tuple(config.get("cell_types", FOUR_TYPES))
    size_px = recipe["phases"][-1]["size_px"]
    build = ARCHITECTURES[recipe.get("network", "separable_cnn")]
    model = build(classes=len(cell_types), input_px=size_px)
    model.load_weights(weights)
    manifest = Manifest(
        name=bundle.stem,
        cell_types=cell_types,
        preprocess=PreprocessSpec(size_px=size_px, stain=recipe.get("stain", "as-is")),
        check_below=1.0,
        temperature=1.0,
        weights_sha256=weights_sha256(model),
        training=config,
    )
    split = restrict(split, cell_types, ask=False)
    known = _spread_evenly(split.train, MOST_IMAGES)
    judged = _spread_evenly(split.validation, MOST_IMAGES)
    with tempfile.TemporaryDirectory() as scratch:
        raw = Path(scratch) / "raw.onnx"
        neutral = NoveltyModel.neutral(model.get_layer("embedding").output.shape[-1])
        write_bundle(model, manifest, neutral, raw)
        output = look_at(known + judged, OnnxEngine(raw), on_image)
    calibrated, novelty = _calibrate(manifest, output, known, judged)
    looks = load_attributes(folder / LOOKS)
    attributes = calibrate_attributes(looks, output.embedding[len(known) :], judged)
    cells = [measure_cell(open_sample(sample)) for sample in known]
    distances = novelty.measure(output.features[: len(known)])
    calibrated = replace(
        calibrated,
        laboratory=describe(cells, distances),
        morphology={a.name: a.values for a in attributes},
        looks=looks_of_types(split.train, attributes),
    )
    write_bundle(model, calibrated, novelty, bundle, attributes)
    return calibrated


def _calibrate(
    manifest: Manifest, output: Seen, known: list[Sample], validation: list[Sample]
) -> tuple[Manifest, NoveltyModel]:
    count = len(known)
    labels = np.array([manifest.cell_types.index(s.cell_type) for s in validation])
    kinds = np.array([f"{s.cell_type} in {s.source}" for s in known])
    seen, fresh = output.features[:count], output.features[count:]
    novelty = fit_novelty(seen, kinds, fresh, COLOURS)
    distances = novelty.measure(fresh)
    doubting = replace(
        manifest,
        doubt=DOUBT,
        doubt_from=DOUBT_FROM,
        seldom={name: odds for name, odds in SELDOM.items() if name in manifest.cell_types},
    )
    growth = doubting.temperature_at(distances)
    odds = doubting.odds_at(distances)
    temperature = fit_temperature(output.probabilities[count:], labels, growth, odds)
    probabilities = apply_temperature(output.probabilities[count:], temperature * growth, odds)
    calibration: dict[str, Any] = {
        "validation_images": len(validation),
        "validation_accuracy": float((probabilities.argmax(axis=1) == labels).mean()),
    }
    fitted = replace(
        doubting,
        temperature=temperature,
        check_below=fit_check_threshold(probabilities, labels),
        focus_below=float(np.quantile(output.focus[count:], UNUSUAL_FOCUS)),
        training=manifest.training | {"calibration": calibration},
    )
    return fitted, novelty


def calibrate_attributes(
    attributes: tuple[Attribute, ...], embeddings: np.ndarray, samples: list[Sample]
) -> tuple[Attribute, ...]:
    """Return the attributes at the temperatures that fit the samples which answer them."""
    calibrated = []
    for attribute in attributes:
        answers = [s.answers.get(attribute.name) for s in samples]
        rows = [row for row, answer in enumerate(answers) if answer in attribute.values]
        labels = np.array([attribute.values.index(str(answers[row])) for row in rows], int)
        temperature = 1.0
        if rows:
            probabilities = softmax(attribute.logits(embeddings[rows]), axis=1)
            temperature = fit_temperature(probabilities, labels)
        kernel, bias = (
            array / np.float32(temperature) for array in (attribute.kernel, attribute.bias)
        )
        calibrated.append(replace(attribute, kernel=kernel, bias=bias))
    return tuple(calibrated)


def looks_of_types(
    samples: list[Sample], attributes: tuple[Attribute, ...]
) -> dict[str, dict[str, dict[str, float]]]:
    """Return type → attribute → value → share, of the types whose cells' looks are known."""
    known = [s for s in samples if all(a.name in s.answers for a in attributes)]
    shares: dict[str, dict[str, dict[str, float]]] = {}
    for cell_type in sorted({s.cell_type for s in known}) if attributes else ():
        cells = [s for s in known if s.cell_type == cell_type]
        shares[cell_type] = {
            a.name: {
                value: round(sum(s.answers[a.name] == value for s in cells) / len(cells), 4)
                for value in a.values
            }
            for a in attributes
        }
    return shares


@dataclass(frozen=True)
class Seen:
    """What a network made of N samples: float N×K, N×D, N×6, N and N.

    Attributes:
        probabilities: of the types.
        embedding: as the bundle gives it.
        colours: of the input, as :func:`hemavision.compat.novelty.colours_of` gives them.
        novelty: likewise.
        focus: of the named type's heatmap, as :func:`hemavision.explain.focus` gives it.
    """

    probabilities: np.ndarray
    embedding: np.ndarray
    colours: np.ndarray
    novelty: np.ndarray
    focus: np.ndarray

    @property
    def features(self) -> np.ndarray:
        """What novelty is measured by."""
        return np.concatenate([self.embedding, self.colours], axis=1)


def look_at(
    samples: list[Sample], engine: OnnxEngine, on_image: Callable[[int, int], None] | None
) -> Seen:
    """Run all samples through the serving path; heatmaps are dropped to save memory."""
    outputs = []
    spec = engine.manifest.preprocess
    for index, sample in enumerate(samples):
        rgb = open_sample(sample)
        crop = cut_input(rgb, locate_cell(rgb), spec)
        output = engine.run(crop[None])
        heatmap = output.heatmaps[0, output.probabilities[0].argmax()]
        on_cell = np.array([focus(heatmap)])
        colours = colours_of(crop[None])
        outputs.append((output.probabilities, output.embedding, colours, output.novelty, on_cell))
        if on_image:
            on_image(index + 1, len(samples))
    return Seen(*(np.concatenate(part) for part in zip(*outputs, strict=True)))


def _spread_evenly(samples: list[Sample], count: int) -> list[Sample]:
    """Return about ``count`` samples with every type and image set in its proportion."""
    ordered = sorted(samples, key=lambda s: (s.cell_type, s.source, s.path.name))
    return ordered[:: max(1, len(ordered) // count)]
