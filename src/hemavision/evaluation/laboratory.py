"""A laboratory's own check of a model: sensitivity, drift, thresholds, and a card of it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from hemavision.datasets.samples import digest, open_sample, read_folders
from hemavision.differential import clopper_pearson
from hemavision.errors import DataError
from hemavision.evaluation import metrics
from hemavision.evaluation.answers import Answers, Progress, collect, run_model, split_by_knowledge
from hemavision.evaluation.figures import ABSENT, percent, with_interval
from hemavision.evaluation.result import round_figures
from hemavision.reading.cell import Model
from hemavision.records.results import NOTICE
from hemavision.training.calibrate import (
    CONFIDENT_ACCURACY,
    FAMILIAR_SHARE,
    fit_check_threshold,
)
from hemavision.training.laboratory import QUANTILES, describe, measure_cell

#: What :func:`hemavision.training.laboratory.measure_cell` measures, in order.
MEASURES = (
    "background red", "background green", "background blue",
    "nucleus red", "nucleus green", "nucleus blue",
)  # fmt: skip
#: A mean this many of the training cells' standard deviations away counts as drift.
DRIFT_FROM = 1.0
#: Fewer cells than this cannot carry a threshold.
FEWEST = 50


def validate(
    model: Model, folder: Path, command: str, progress: Progress | None = None
) -> dict[str, Any]:
    """Measure a model on a laboratory's own labelled cells.

    Args:
        model: to check.
        folder: one folder a cell type, images inside.
        command: as a person would type it again.
        progress: called with (done, total).

    Returns:
        ``per_type`` (sensitivity and precision with exact intervals), ``accuracy``,
        ``confusion``, ``wrong_confident``, ``coverage``, ``drift``, ``suggested`` thresholds,
        ``unknown_types``, ``unreadable`` and what identifies model and cells.

    Raises:
        DataError: no cell is of a type that the model knows.
    """
    run = run_model(model, read_folders(folder), progress)
    known, unknown = split_by_knowledge(run, model.manifest.cell_types)
    if not known.samples:
        types = ", ".join(model.manifest.cell_types)
        raise DataError(f"No image in {folder} is of a type that the model knows ({types}).")
    answers = collect(known, model.manifest.cell_types)
    own = describe([measure_cell(open_sample(s)) for s in known.samples], answers.novelty)
    record = {
        "notice": NOTICE,
        "command": command,
        "date": datetime.now(UTC).date().isoformat(),
        "model": {"name": model.reference.name, "sha256": model.reference.sha256},
        "data_digest": digest(run.samples),
        "n_images": len(answers.truth),
        "cell_types": list(answers.cell_types),
        "accuracy": _share(int(answers.correct.sum()), len(answers.truth)),
        "per_type": _per_type(answers),
        "confusion": metrics.confusion(answers).tolist(),
        "coverage": metrics.by_status(answers)["confident"]["share"],
        "wrong_confident": metrics.trust(answers)["wrong_confident"],
        "ece": metrics.expected_calibration_error(answers),
        "drift": _drift(model, own),
        "suggested": _suggested(model, answers),
        "unknown_types": sorted({s.cell_type for s in unknown.samples}),
        "unreadable": {path.name: why for path, why in run.unreadable.items()},
    }
    rounded: dict[str, Any] = round_figures(record)
    return rounded


def _share(hits: int, trials: int) -> dict[str, Any]:
    if not trials:
        return {"value": None, "interval": None, "right": 0, "of": 0}
    interval = clopper_pearson(hits, trials)
    return {"value": hits / trials, "interval": list(interval), "right": hits, "of": trials}


def _per_type(answers: Answers) -> dict[str, dict[str, Any]]:
    counts = metrics.confusion(answers)
    return {
        name: {
            "sensitivity": _share(int(counts[i, i]), int(counts[i].sum())),
            "precision": _share(int(counts[i, i]), int(counts[:, i].sum())),
        }
        for i, name in enumerate(answers.cell_types)
        if counts[i].sum() or counts[:, i].sum()
    }


def _drift(model: Model, own: dict[str, Any]) -> dict[str, Any]:
    """Compare light, stain and novelty with those of the cells that the model learned from."""
    trained = model.manifest.laboratory
    found: dict[str, Any] = {"own": own, "trained": trained or None, "drifted": None}
    if trained:
        ours, theirs = np.array(own["mean"]), np.array(trained["mean"])
        steps = (ours - theirs) / np.maximum(np.array(trained["deviation"]), 1e-6)
        found["deviations"] = dict(zip(MEASURES, steps.tolist(), strict=True))
        found["drifted"] = [
            name for name, step in found["deviations"].items() if abs(step) > DRIFT_FROM
        ]
    return found


def _suggested(model: Model, answers: Answers) -> dict[str, Any]:
    """Return thresholds that fit these cells, beside the model's own."""
    enough = len(answers.truth) >= FEWEST
    return {
        "check_below": {
            "now": model.manifest.check_below,
            "here": fit_check_threshold(answers.probabilities, answers.truth) if enough else None,
        },
        "unfamiliar_above": {
            "now": 1.0,
            "here": float(np.quantile(answers.novelty, FAMILIAR_SHARE)) if enough else None,
        },
    }


def render(record: dict[str, Any]) -> str:
    """Return the card: Markdown, generated from the record and nothing else."""
    drift, suggested = record["drift"], record["suggested"]
    lines = [
        f"# {record['model']['name']} on our own cells",
        "",
        record["notice"],
        "",
        f"{record['n_images']} cells, {record['date']}, by `{record['command']}`. Model SHA-256 "
        f"{record['model']['sha256']}; digest of the cells {record['data_digest']}.",
        "",
        f"Named rightly: {_words(record['accuracy'])}. Wrong at status confident: "
        f"{percent(record['wrong_confident'])} of all cells; confident: "
        f"{percent(record['coverage'])}. Expected calibration error: {percent(record['ece'])}.",
        "",
        "| cell type | sensitivity | precision |",
        "|---|---|---|",
        *(
            f"| {name} | {_words(row['sensitivity'])} | {_words(row['precision'])} |"
            for name, row in record["per_type"].items()
        ),
        "",
        "Intervals are exact (Clopper-Pearson, 95%) and take every image for a cell of its own.",
        "",
        "## Drift against the cells that the model learned from",
        "",
        *_drift_lines(drift),
        "",
        "## Thresholds that fit these cells",
        "",
        "| threshold | model | here |",
        "|---|---|---|",
        *(
            f"| {name.replace('_', ' ')} | {row['now']:.3f} | {_number(row['here'])} |"
            for name, row in suggested.items()
        ),
        "",
        f"Above the first, {100 * CONFIDENT_ACCURACY:.0f}% of these answers are right; below the "
        f"second lie {100 * FAMILIAR_SHARE:.0f}% of these cells. Fewer than {FEWEST} cells "
        "suggest none.",
    ]
    if record["unknown_types"]:
        lines += ["", f"The model cannot name {', '.join(record['unknown_types'])}."]
    return "\n".join(lines) + "\n"


def _drift_lines(drift: dict[str, Any]) -> list[str]:
    if drift["drifted"] is None:
        return ["The model's file does not say how those looked."]
    rows = [f"| {name} | {step:+.1f} |" for name, step in drift["deviations"].items()]
    apart = ", ".join(drift["drifted"]) or "nothing"
    quantiles = ", ".join(f"{100 * q:.0f}%" for q in QUANTILES)
    return [
        f"Further than {DRIFT_FROM:g} standard deviations away: {apart}.",
        "",
        "| mean of | standard deviations |",
        "|---|---|",
        *rows,
        "",
        f"Novelty ({quantiles}): {drift['own']['novelty']} here, {drift['trained']['novelty']} in "
        "training; above 1 is unfamiliar.",
    ]


def _words(share: dict[str, Any]) -> str:
    if share["value"] is None:
        return ABSENT
    return f"{with_interval(share['value'], share['interval'])} ({share['right']} of {share['of']})"


def _number(value: float | None) -> str:
    return ABSENT if value is None else f"{value:.3f}"
