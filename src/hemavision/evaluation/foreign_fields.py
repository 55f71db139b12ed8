"""Whole fields of laboratories that a detector never saw.

BCISC's fields have one or a few white cells boxed and named, and others that nobody boxed: what is
found beyond the boxes says nothing, and only what is found of them counts. In draaslan's fields
every red and white cell is boxed, and no type is named.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from hemavision.datasets.fields import (
    BoxedField,
    NamedField,
    read_bcisc_fields,
    read_draaslan_fields,
)
from hemavision.datasets.leaks import find_leak, trained_protocols
from hemavision.datasets.protocols import PROTOCOLS, Dataset, default_model, measuring
from hemavision.datasets.splits import drawn
from hemavision.differential.intervals import LEVEL
from hemavision.errors import SettingsError
from hemavision.evaluation.boxes import (
    LEAST_SCORE,
    Progress,
    corners,
    figures_with_intervals,
    judge,
)
from hemavision.evaluation.intervals import draw_weights
from hemavision.reading.cell import Model, open_model
from hemavision.reading.field import name_white_cells
from hemavision.reading.finding.detector import DEFAULT_DETECTOR, Detector, open_detector
from hemavision.reading.finding.tiles import overlap
from hemavision.records.results import NOTICE, CellKind, Detection

FIELD_PROTOCOLS = tuple(p.name for p in measuring("detector") if p.never_seen)
#: A box shows a marked cell from that intersection over union on: the marks were made by masks, and
#: detectors learned from boxes by hand.
SAME = 0.3
#: By the protocol that a detector was trained by: sets whose fields it never saw.
UNSEEN = {
    p.name: set(p.without) for p in PROTOCOLS.values() if "detector" in (p.trains, p.measures)
}
#: By the set: what measures a classifier that never saw it.
NAMED_BY = {p.tests_on: p.name for p in measuring("classifier") if p.never_seen}


def score_fields(
    protocol: str,
    dataset: Dataset,
    *,
    detector: str | None = None,
    limit: int | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Measure a detector, and on BCISC the model that names what it finds, on a set's fields.

    Args:
        protocol: one of :data:`FIELD_PROTOCOLS`.
        dataset: where the image sets are.
        detector: a shipped detector's name or a bundle's path; ``None`` for the one that never saw
            the set, in a clone of the repository, or else the shipped one.
        limit: most fields, drawn with a fixed seed.
        progress: called with (done, total).

    Returns:
        For BCISC ``found`` and ``named`` (found, and rightly named), shares of the marked cells
        with ``intervals`` (95%, slides resampled); for draaslan ``ap50`` by kind with
        ``intervals`` (95%, fields resampled). ``leak`` is ``leaky`` where the detector, or the
        model that names, learned from the set.

    Raises:
        BundleError: there is no such detector.
        DataError: the set is not there.
        SettingsError: what the detector learned from is not known.
    """
    finder = open_detector(detector or PROTOCOLS[protocol].own_model or DEFAULT_DETECTOR)
    taught = trained_protocols(finder.manifest.training)
    if not taught or taught - UNSEEN.keys():
        by = ", ".join(sorted(taught)) or "no known protocol"
        raise SettingsError(
            f"{finder.reference.name} learned by {by}: whether it saw the fields of {protocol} "
            "cannot be said."
        )
    source = PROTOCOLS[protocol].tests_on
    measure = _bcisc if source == "bcisc" else _draaslan
    record = measure(finder, dataset, limit, progress or (lambda done, total: None))
    if any(source not in UNSEEN[name] for name in taught):
        record["leak"] = "leaky"
    return {
        "protocol": protocol,
        **record,
        "detector": asdict(finder.reference),
        "notice": NOTICE,
    }


def _bcisc(
    finder: Detector, dataset: Dataset, limit: int | None, progress: Progress
) -> dict[str, Any]:
    naming = PROTOCOLS[NAMED_BY["bcisc"]]
    model = open_model(default_model(naming.name))
    fields = drawn(read_bcisc_fields(dataset.folder), limit)
    groups: list[str] = []
    found: list[bool] = []
    named: list[bool] = []
    for index, field in enumerate(fields):
        groups += [field.group] * len(field.cell_types)
        types = _types_found(finder, model, field)
        found += [one is not None for one in types]
        named += [one == right for one, right in zip(types, field.cell_types, strict=True)]
        progress(index + 1, len(fields))
    shares = {"found": np.array(found, float), "named": np.array(named, float)}
    slides = np.unique(groups, return_inverse=True)[1]
    split = naming.split(dataset.folder)
    return {
        "images": len(fields),
        "cells": len(groups),
        **{name: round(float(values.mean()), 4) for name, values in shares.items()},
        "intervals": {name: _interval(values, slides) for name, values in shares.items()},
        "model": asdict(model.reference),
        "leak": find_leak(model.manifest.training, dataset, split).kind,
    }


def _types_found(finder: Detector, model: Model, field: NamedField) -> list[str | None]:
    """Return the type that is named for each marked cell; ``None`` where it is not found."""
    rgb = field.open()
    white = [cell for cell in finder.find(rgb) if cell.kind is CellKind.WHITE]
    if not white:
        return [None] * len(field.boxes)
    found = np.array([corners(cell) for cell in white], float)
    best = [overlap(mark, found) for mark in field.boxes]
    hits = [int(likeness.argmax()) if likeness.max() >= SAME else None for likeness in best]
    shown = sorted({hit for hit in hits if hit is not None})
    predictions = name_white_cells(model, rgb, [white[hit] for hit in shown])
    named = {hit: p.cell_type for hit, p in zip(shown, predictions, strict=True)}
    return [named[hit] if hit is not None else None for hit in hits]


def _draaslan(
    finder: Detector, dataset: Dataset, limit: int | None, progress: Progress
) -> dict[str, Any]:
    fields: list[BoxedField] = drawn(read_draaslan_fields(dataset.folder), limit)
    found: list[list[Detection]] = []
    for index, field in enumerate(fields):
        found.append(finder.find(field.open(), least=LEAST_SCORE))
        progress(index + 1, len(fields))
    figures = figures_with_intervals(judge(fields, found), len(fields))
    # Nobody marked a platelet.
    marked = [kind.value for kind in (CellKind.WHITE, CellKind.RED)]
    return {
        "images": len(fields),
        "ap50": {kind: figures["ap50"][kind] for kind in marked},
        "intervals": {kind: figures["intervals"]["ap50"][kind] for kind in marked},
        "leak": "none",
    }


def _interval(values: np.ndarray, slides: np.ndarray) -> list[float]:
    """Return the 95% interval of a mean, whole slides resampled."""
    weights = draw_weights(int(slides.max()) + 1)
    means = (weights @ np.bincount(slides, values)) / (weights @ np.bincount(slides))
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return [round(float(low), 4), round(float(high), 4)]
