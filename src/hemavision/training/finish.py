"""From a finished run to a bundle: weights, calibration on validation, manifest."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import softmax

from hemavision.datasets.samples import Sample, open_sample
from hemavision.datasets.splits import Split, restrict
from hemavision.errors import TrainingError
from hemavision.graph.doubt import colours_of
from hemavision.graph.from_bundle import take_apart
from hemavision.graph.gradcam import Attribute
from hemavision.graph.writer import SCALINGS, BundleParts, write_network
from hemavision.keras_files.loading import network_from_keras
from hemavision.models.architectures import ARCHITECTURES
from hemavision.reading.bundle import Manifest
from hemavision.reading.engine import OnnxEngine, run_averaged
from hemavision.reading.explaining import focus
from hemavision.reading.preprocess import PreprocessSpec, cut_input
from hemavision.reading.where import where_to_look
from hemavision.records.cells import FOUR_TYPES
from hemavision.training.calibrate import (
    COOLEST,
    apply_temperature,
    fit_check_threshold,
    fit_foreign,
    fit_novelty,
    fit_temperature,
)
from hemavision.training.command import record_without_folders
from hemavision.training.displacement import measure_displacement
from hemavision.training.fit import BEST, FINAL, LOOKS
from hemavision.training.laboratory import describe, measure_cell
from hemavision.training.questions import load_attributes
from hemavision.training.recipes import served_by
from hemavision.training.run import CONFIG

#: A heatmap is flagged where fewer of the validation images' maps lie so little on the cell.
UNUSUAL_FOCUS = 0.01
#: About how many training, and how many validation images are looked at.
MOST_IMAGES = 1200
#: About how many validation images are covered, place by place.
COVERED_IMAGES = 60
#: Of about how many training images of each image set the colours are known: a small set's
#: laboratory is as much at home as a large one's.
COLOURS_OF_EACH = 1500
#: How many cells of a type in an image set novelty knows.
OF_EACH_KIND = 80


def trained_in(run: Path) -> BundleParts:
    """Return the network of a finished run, or of a bundle, as it was before calibration.

    Args:
        run: the run's folder, or the bundle's file.

    Raises:
        TrainingError: the run is not finished.
        BundleError: not a bundle, or one without its network's configuration.
    """
    if run.is_file():
        parts = take_apart(run)
        old = parts.manifest
        return replace(
            parts,
            manifest=_uncalibrated(
                old.name, old.cell_types, old.preprocess, old.mirrors, old.training
            ),
        )
    config = json.loads((run / CONFIG).read_text()) if (run / CONFIG).exists() else None
    weights = run / (BEST if config and config["recipe"]["patience"] is not None else FINAL)
    if config is None or not (run / FINAL).exists():
        raise TrainingError(f"{run} holds no finished run; `hemavision train` makes one.")
    recipe = config["recipe"]
    cell_types = tuple(config.get("cell_types", FOUR_TYPES))
    preprocess = served_by(recipe)
    build = ARCHITECTURES[recipe.get("network", "separable_cnn")]
    model = build(classes=len(cell_types), input_px=preprocess.size_px)
    model.load_weights(weights)
    return BundleParts(
        network_from_keras(model),
        _uncalibrated(run.name, cell_types, preprocess, recipe.get("mirrors", False), config),
        SCALINGS["minus-one-to-one"],
        attributes=load_attributes(run / LOOKS),
    )


def _uncalibrated(
    name: str,
    cell_types: tuple[str, ...],
    preprocess: PreprocessSpec,
    mirrors: bool,
    config: dict[str, Any],
) -> Manifest:
    return Manifest(
        name=name,
        cell_types=cell_types,
        preprocess=preprocess,
        mirrors=mirrors,
        check_below=1.0,
        temperature=1.0,
        weights_sha256="",
        training=record_without_folders(config),
    )


def export_run(
    run: Path,
    split: Split,
    bundle: Path,
    *,
    on_image: Callable[[int, int], None] | None = None,
) -> Manifest:
    """Write the weights of a run as a calibrated bundle; or calibrate those of a bundle anew.

    Temperatures, check threshold, novelty, what is foreign and where maps lie come from the
    split's images, through the very path that serving takes.

    Args:
        run: the run's folder, or a bundle's file.
        split: that the run was trained with.
        bundle: the file to write; its stem becomes the model's name.
        on_image: called with (done, total).

    Raises:
        TrainingError: the run is not finished.
        BundleError: not a bundle, or one without its network's configuration.
    """
    parts = trained_in(run)
    # Half the size, and no answer changes by more than its noise.
    network, scaling = parts.network.in_half_precision(), parts.scaling
    manifest = replace(parts.manifest, name=bundle.stem, weights_sha256=network.weights_sha256())
    split = restrict(split, manifest.cell_types, ask=False)
    known = _spread_evenly(split.train, MOST_IMAGES)
    judged = _spread_evenly(split.validation, MOST_IMAGES)
    with tempfile.TemporaryDirectory() as scratch:
        raw = Path(scratch) / "raw.onnx"
        write_network(BundleParts(network, manifest, scaling), raw)
        if manifest.mirrors:
            crops = _inputs(_spread_evenly(judged, COVERED_IMAGES), manifest.preprocess)
            manifest = replace(manifest, map_offset=measure_displacement(OnnxEngine(raw), crops))
            write_network(BundleParts(network, manifest, scaling), raw)
        engine = OnnxEngine(raw)
        output = look_at(known + judged, engine, on_image)
        familiar = _embeddings_of(_some_of_each_kind(split.train), engine)
    colours = _colours_in(_some_of_each(split.train), manifest.preprocess)
    foreign = fit_foreign(colours, output.colours[len(known) :])
    seen, fresh = output.part(slice(len(known))), output.part(slice(len(known), None))
    novelty = fit_novelty(familiar, fresh.embedding)
    attributes = calibrate_attributes(parts.attributes, fresh.embedding, judged)
    cells = [measure_cell(open_sample(sample)) for sample in known]
    calibrated = replace(
        _calibrate(manifest, fresh, judged),
        laboratory=describe(cells, novelty.measure(seen.embedding)),
        morphology={a.name: a.values for a in attributes},
        looks=looks_of_types(split.train, attributes),
    )
    fitted = BundleParts(network, calibrated, scaling, novelty, attributes, foreign)
    write_network(fitted, bundle)
    return calibrated


def _some_of_each(samples: list[Sample]) -> list[Sample]:
    """Return about as many samples of every image set."""
    sources = sorted({s.source for s in samples})
    return [
        sample
        for source in sources
        for sample in _spread_evenly([s for s in samples if s.source == source], COLOURS_OF_EACH)
    ]


def _some_of_each_kind(samples: list[Sample]) -> list[Sample]:
    """Return at most :data:`OF_EACH_KIND` samples of every type in every image set."""
    kinds = sorted({(s.cell_type, s.source) for s in samples})
    return [
        sample
        for kind in kinds
        for sample in _spread_evenly(
            [s for s in samples if (s.cell_type, s.source) == kind], OF_EACH_KIND
        )[:OF_EACH_KIND]
    ]


def _embeddings_of(samples: list[Sample], engine: OnnxEngine) -> np.ndarray:
    """Return the embedding of each sample's input: float N×D."""
    spec = engine.manifest.preprocess
    return np.concatenate([engine.run(_inputs([sample], spec)).embedding for sample in samples])


def _colours_in(samples: list[Sample], spec: PreprocessSpec) -> np.ndarray:
    """Return the colours of each sample's input: float N×15."""
    return np.concatenate([colours_of(_inputs([sample], spec)) for sample in samples])


def _inputs(samples: list[Sample], spec: PreprocessSpec) -> np.ndarray:
    """Return what the network is shown of each sample: uint8 N×S×S×3."""
    pictures = map(open_sample, samples)
    return np.stack([cut_input(rgb, where_to_look(rgb, spec), spec) for rgb in pictures])


def _calibrate(manifest: Manifest, seen: Responses, validation: list[Sample]) -> Manifest:
    """Return the manifest with its doubt.

    Args:
        manifest: uncalibrated.
        seen: of the validation images.
        validation: these.
    """
    labels = np.array([manifest.cell_types.index(s.cell_type) for s in validation])
    copies = Counter(s.original for s in validation)  # one vote a photograph
    weights = np.array([1 / copies[s.original] for s in validation])
    temperature = max(fit_temperature(seen.probabilities, labels, weights), coolest_of(manifest))
    probabilities = apply_temperature(seen.probabilities, temperature)
    calibration: dict[str, Any] = {
        "validation_images": len(validation),
        "validation_accuracy": float((probabilities.argmax(axis=1) == labels).mean()),
    }
    return replace(
        manifest,
        temperature=temperature,
        check_below=fit_check_threshold(probabilities, labels),
        focus_below=float(np.quantile(seen.focus, UNUSUAL_FOCUS)),
        training=manifest.training | {"calibration": calibration},
    )


def coolest_of(manifest: Manifest) -> float:
    """Return :data:`COOLEST` for logits that are a mean over more than what was trained on."""
    recipe = manifest.training.get("recipe", {})
    around = recipe.get("around_px", 0) if isinstance(recipe, dict) else 0
    size_px = manifest.preprocess.size_px
    return COOLEST * (1 - around / size_px) ** 2


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
class Responses:
    """What a network made of N samples: float N×K, N×D, N×15, N and N.

    Attributes:
        probabilities: of the types.
        embedding: as the bundle gives it.
        colours: of the input, as :func:`hemavision.graph.doubt.colours_of` gives them.
        novelty: likewise.
        focus: of the named type's heatmap, as :func:`hemavision.reading.explaining.focus` gives it.
    """

    probabilities: np.ndarray
    embedding: np.ndarray
    colours: np.ndarray
    novelty: np.ndarray
    focus: np.ndarray

    def part(self, rows: slice) -> Responses:
        """Return what was made of these samples alone."""
        return Responses(*(values[rows] for values in vars(self).values()))


def look_at(
    samples: list[Sample], engine: OnnxEngine, on_image: Callable[[int, int], None] | None
) -> Responses:
    """Run all samples through the serving path; heatmaps are dropped to save memory."""
    outputs = []
    spec = engine.manifest.preprocess
    for index, sample in enumerate(samples):
        crop = _inputs([sample], spec)
        output = run_averaged(engine, crop)
        heatmap = output.heatmaps[0, output.probabilities[0].argmax()]
        on_cell = np.array([focus(heatmap)])
        colours = colours_of(crop)
        outputs.append((output.probabilities, output.embedding, colours, output.novelty, on_cell))
        if on_image:
            on_image(index + 1, len(samples))
    return Responses(*(np.concatenate(part) for part in zip(*outputs, strict=True)))


def _spread_evenly(samples: list[Sample], count: int) -> list[Sample]:
    """Return about ``count`` samples with every type and image set in its proportion."""
    ordered = sorted(samples, key=lambda s: (s.cell_type, s.source, s.path.name))
    return ordered[:: max(1, len(ordered) // count)]
