"""One evaluation as the JSON record that every table, plot and card is made from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hemavision.datasets.leaks import FLATTERING, Leak, find_leak, trained_protocols
from hemavision.datasets.protocols import (
    CLASSIFIERS,
    Dataset,
    default_model,
    open_split,
    protocol_named,
)
from hemavision.datasets.samples import Sample, digest
from hemavision.datasets.splits import Split, drawn, restrict
from hemavision.differential import LEVEL
from hemavision.errors import DataError, SettingsError
from hemavision.evaluation import intervals, metrics, morphology
from hemavision.evaluation.answers import (
    Answers,
    Progress,
    Run,
    collect,
    run_model,
    split_by_knowledge,
)
from hemavision.reading.bundle import Manifest
from hemavision.reading.cell import Model, open_model
from hemavision.records.results import NOTICE
from hemavision.words import _

DIGITS = 6


@dataclass(frozen=True)
class Request:
    """What to evaluate, and how.

    Attributes:
        dataset: where the images are.
        command: as a person would type it again.
        model: a shipped name or a bundle's path; ``None`` takes the protocol's own.
        limit: most test images, drawn with a fixed seed; ``None`` takes all.
        allow_leaky: go on where the model was trained on test images, and label it.
        progress: called with the protocol for a function that is told (done, total).
        on_run: called with the protocol and the run, to write predictions.
    """

    dataset: Dataset
    command: str
    model: str | None = None
    limit: int | None = None
    allow_leaky: bool = False
    progress: Callable[[str], Progress] | None = None
    on_run: Callable[[str, Run], None] | None = None


def evaluate_with_honest(request: Request, protocol: str) -> dict[str, Any]:
    """Evaluate a protocol; a figure that leaks gets the honest one under ``honest``.

    Raises:
        SettingsError: the model was trained on test images and ``allow_leaky`` is false.
        DataError: images are missing.
        BundleError: there is no such model.
    """
    result = evaluate(request, protocol)
    if result["leak"]["kind"] not in FLATTERING:
        return result
    honest = protocol_named(protocol).shown_with or protocol
    return result | {"honest": evaluate(replace(request, model=None), honest)}


@dataclass(frozen=True)
class Task:
    """What a protocol asks of a model.

    Attributes:
        model: the one to measure.
        split: whose ``test`` part is measured on.
        leak: what the model has seen of it.
        samples: the images, a sample of them where the request has a limit.
    """

    model: Model
    split: Split
    leak: Leak
    samples: list[Sample]


def evaluate(request: Request, protocol: str) -> dict[str, Any]:
    """Evaluate one protocol and return its record; keys are described in docs/evaluation.md."""
    task = prepare(request, protocol)
    bar = request.progress(protocol) if request.progress else None
    return record_of(request, task, run_model(task.model, task.samples, bar))


def prepare(request: Request, protocol: str) -> Task:
    """Open the model and find the images.

    Raises:
        SettingsError: the model was trained on test images and ``allow_leaky`` is false.
        DataError: there are none.
        BundleError: there is no such model.
    """
    model = open_model(request.model or default_model(protocol))
    if protocol_named(protocol).never_seen:
        model = model.found_by(None)  # the detector may have seen the laboratory
    training = model.manifest.training
    split = open_split(request.dataset, protocol, trained_protocols(training))
    leak = find_leak(training, request.dataset, split)
    if leak.kind == "leaky" and not request.allow_leaky:
        raise SettingsError(_refusal(model.reference.name, split.protocol, leak))
    samples = drawn(split.test, request.limit)
    if not samples:
        raise DataError(f"{split.protocol} has no test images in {request.dataset.folder.name}.")
    return Task(model, split, leak, samples)


def record_of(request: Request, task: Task, run: Run) -> dict[str, Any]:
    """Return the record of a run.

    Raises:
        DataError: no image is of a type that the model knows.
    """
    model = task.model
    if request.on_run:
        request.on_run(task.split.protocol, run)
    known, unknown = split_by_knowledge(run, model.manifest.cell_types)
    if not known.samples:
        types = ", ".join(model.manifest.cell_types)
        raise DataError(f"No image is of a type that the model knows ({types}).")
    answers = collect(known, model.manifest.cell_types)
    record = _heading(request, task.split, model, task.leak) | figures(answers)
    record["morphology"] = round_figures(morphology.score(known))
    record["data_digest"] = digest(run.samples)
    record["unreadable"] = {_short(path): why for path, why in run.unreadable.items()}
    record["other_types"] = _other_types(unknown)
    return record


def figures(answers: Answers) -> dict[str, Any]:
    """Return every figure of a set of answers, with intervals, rounded to DIGITS places."""
    found = intervals.find_intervals(answers)
    merged = metrics.over_originals(answers)
    classes = metrics.per_class(answers)
    for name, row in classes.items():
        row["intervals"] = found.per_class[name]
    statuses = metrics.by_status(answers)
    values = {
        "n_images": len(answers.truth),
        "n_originals": len(merged.truth),
        **metrics.overall(answers),
        "accuracy_over_originals": metrics.overall(merged)["accuracy"],
        "ece": metrics.expected_calibration_error(answers),
        **metrics.trust(answers),
        "ece_bins": metrics.ECE_BINS,
        "intervals": found.overall,
        "interval_methods": found.methods,
        "interval_level": LEVEL,
        "cell_types": list(answers.cell_types),
        "confusion": metrics.confusion(answers).tolist(),
        "per_class": classes,
        "by_status": statuses,
        "coverage": statuses["confident"]["share"],
        "accuracy_confident": statuses["confident"]["accuracy"],
        "novelty_share": float((answers.novelty > 1.0).mean()),
        "mean_confidence": float(answers.confidence.mean()),
        "reliability": metrics.reliability(answers),
        "coverage_curve": metrics.coverage_curve(answers),
        "milliseconds_per_image": float(answers.milliseconds.mean()),
    }
    rounded: dict[str, Any] = round_figures(values)
    return rounded


def round_figures(value: Any) -> Any:
    """Round every float in a tree of JSON values to DIGITS places; tuples become lists."""
    if isinstance(value, float):
        return round(value, DIGITS)
    if isinstance(value, dict):
        return {key: round_figures(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [round_figures(item) for item in value]
    return value


def results_in(record: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the records of one JSON file in the order in which they are shown."""
    honest = [record["honest"]] if "honest" in record else []
    return [record, *honest, *record.get("beside", [])]


def label(record: dict[str, Any]) -> str:
    """Return a record's name for tables and plots; a leak is always part of it."""
    kind = record["leak"]["kind"]
    suffix = {"by-design": " (leaks by design)", "leaky": " LEAKY"}.get(kind, "")
    sample = f", sample of {record['limit']}" if record["limit"] else ""
    protocol, model = record["protocol"], record["model"]["name"]
    by = "" if model == protocol.replace(":", "-") else f" by {model}"
    return f"{protocol}{by}{suffix}{sample}"


def _heading(request: Request, split: Split, model: Model, leak: Leak) -> dict[str, Any]:
    manifest = model.manifest
    return {
        "protocol": split.protocol,
        "notice": NOTICE,
        "model": asdict(model.reference),
        "manifest": {
            "training": manifest.training,
            "check_below": manifest.check_below,
            "temperature": manifest.temperature,
            "weights_sha256": manifest.weights_sha256,
            "size_px": manifest.preprocess.size_px,
            "licence": manifest.licence,
        },
        "leak": asdict(leak) | {"note": _leak_note(leak, split.protocol)},
        "limit": request.limit,
        "taught": _taught(manifest, request.dataset),
        "training_images": _count(split.train),
        "validation_images": _count(split.validation),
        "all_images": _count(split.train + split.validation + split.test),
        "command": request.command,
        "date": datetime.now(UTC).date().isoformat(),
    }


def _refusal(model: str, protocol: str, leak: Leak) -> str:
    return (
        f"The model {model!r} was trained on {leak.shared_originals} of the originals that "
        f"{protocol} tests on ({leak.shared_images} of its images): the figure would flatter it. "
        "Use --model to name another model, or --leaky to see the figure all the same, labelled "
        "so."
    )


def _leak_note(leak: Leak, protocol: str) -> str:
    if leak.kind == "by-design":
        return _(
            "{protocol} leaks by design: {n} of the test photographs have copies among the "
            "training images. Read it beside the honest protocol only.",
            protocol=protocol,
            n=leak.shared_originals,
        )
    if leak.kind == "leaky":
        return _(
            "LEAKY: the model was trained on {n} of the originals tested here ({images} of these "
            "very images). This is not a measure of it.",
            n=leak.shared_originals,
            images=leak.shared_images,
        )
    if leak.kind == "unknown":
        return _("The model's manifest does not let its training images be compared with these.")
    return _("No test original is among the originals that the model was trained or selected on.")


def _taught(manifest: Manifest, dataset: Dataset) -> dict[str, dict[str, int]]:
    """Return image set → type → pictures that taught it; nothing where that is not known."""
    protocol = manifest.training.get("protocol")
    if dataset.own or protocol not in CLASSIFIERS:
        return {}
    split = CLASSIFIERS[protocol].split(dataset.folder)
    train = restrict(split, manifest.cell_types, ask=False).train
    found: dict[str, Counter[str]] = {}
    for sample in train:
        found.setdefault(sample.source, Counter())[sample.cell_type] += 1
    return {source: dict(sorted(found[source].items())) for source in sorted(found)}


def _count(samples: list[Sample]) -> dict[str, Any]:
    return {
        "n_images": len(samples),
        "n_originals": len({s.original for s in samples}),
        "sources": dict(sorted(Counter(s.source for s in samples).items())),
    }


def _other_types(run: Run) -> dict[str, dict[str, int]]:
    """Count the answers to images of types that the model cannot name, by status."""
    table: dict[str, Counter[str]] = {}
    for sample, prediction in zip(run.samples, run.predictions, strict=True):
        table.setdefault(sample.cell_type, Counter())[prediction.status.value] += 1
    return {name: dict(counts) for name, counts in sorted(table.items())}


def _short(path: Path) -> str:
    return "/".join(path.parts[-2:])
