"""``hemavision evaluate`` and ``hemavision validate``."""

from __future__ import annotations

import importlib.util
import json
import shlex
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hemavision import settings
from hemavision.cli.progress import bars
from hemavision.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from hemavision.datasets.protocols import Dataset, Protocol
    from hemavision.evaluation.answers import Progress, Run
    from hemavision.evaluation.result import Request

#: What evaluation needs beyond a plain install.
NEEDED = ("scipy", "sklearn", "matplotlib", "onnx", "pycocotools")


@dataclass(frozen=True)
class EvaluateOptions:
    """The command line, as given."""

    dataset: Path
    protocol: str | None
    model: str | None
    as_json: bool
    out: Path | None
    limit: int | None
    leaky: bool
    explanations: bool
    familiarity: bool
    card: bool

    def command(self) -> str:
        """Return the command as a person would type it; no folder of this machine in it."""
        dataset = self.dataset.name if self.dataset.is_absolute() else str(self.dataset)
        words = ["hemavision", "evaluate", dataset]
        model = self.model and (Path(self.model).name if "/" in self.model else self.model)
        for name, value in (
            ("--protocol", self.protocol),
            ("--model", model),
            ("--limit", self.limit),
        ):
            words += [name, str(value)] if value is not None else []
        flags = (
            ("--leaky", self.leaky),
            ("--explanations", self.explanations),
            ("--familiarity", self.familiarity),
            ("--card", self.card),
        )
        return shlex.join(words + [name for name, given in flags if given])


class _ProtocolOption(click.Option):
    """``--protocol``, whose help asks the protocols when it is asked for itself."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        from hemavision.datasets.protocols import FOLDERS, PROTOCOLS, measuring

        classifiers, detectors = (
            ", ".join(protocol.name for protocol in measuring(kind))
            for kind in ("classifier", "detector")
        )
        leaky = next(protocol for protocol in PROTOCOLS.values() if protocol.leaks)
        self.help = (
            f"{classifiers}, or for the detector (and --model is one) {detectors}; for your own "
            f"set, {FOLDERS.name}. Without it the one that fits the set; on the Kaggle set, "
            f"{leaky.name} is shown beside {leaky.shown_with}."
        )
        return super().get_help_record(ctx)


@click.command()
@click.argument("dataset", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--protocol", cls=_ProtocolOption)
@click.option("--model", help="A shipped model's name or a bundle's file. Default: the protocol's.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of tables.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for result.json, plots, predictions.csv and MODEL_CARD.md.",
)
@click.option(
    "--limit", type=click.IntRange(min=1), help="Most test images, drawn with a fixed seed."
)
@click.option("--leaky", is_flag=True, help="Allow a model trained on test images; label it so.")
@click.option(
    "--explanations", is_flag=True, help="Score the heatmaps too (needs bccd and jtsc; a minute)."
)
@click.option(
    "--familiarity",
    is_flag=True,
    help="Score how well novelty tells known cells from other pictures (needs pbc and bccd).",
)
@click.option(
    "--card",
    is_flag=True,
    help="All protocols and the heatmaps in one go, written as model-card.md under --out.",
)
def evaluate(**given: Any) -> None:
    """Measure a model on DATASET, with intervals.

    DATASET is an image set (kaggle_wbc, pbc, bccd, jtsc, bcisc, lisc), the folder that holds
    them, or a folder of your own with one folder a cell type. A protocol that leaks is shown
    with the honest one beside it.
    """
    options = EvaluateOptions(**given)
    check_install()
    if options.card and (options.protocol or options.model):
        raise click.UsageError("--card chooses protocols and models itself; leave those out.")
    from hemavision.datasets.protocols import detector_protocol

    protocol = detector_protocol(options.protocol)
    if protocol:
        show = _show_fields if protocol.never_seen else _show_boxes
        show(_score_detector(options, protocol), options)
        return
    record = _evaluate(options)
    _show(record, options)
    _write(record, options)
    if _name_unreadable(record):
        sys.exit(1)


def check_install() -> None:
    """Say what is missing where the plain install is all there is.

    Raises:
        click.ClickException: naming the packages and how to install them.
    """
    absent = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if absent:
        raise click.ClickException(
            f"Evaluation needs {', '.join(absent)}: pip install 'hemavision[train]'."
        )


def _evaluate(options: EvaluateOptions) -> dict[str, Any]:
    from hemavision.datasets import protocols
    from hemavision.evaluation.detected import evaluate_detected
    from hemavision.evaluation.result import Request, evaluate_with_honest
    from hemavision.evaluation.result import evaluate as evaluate_one

    dataset = protocols.find_dataset(options.dataset)
    protocol = protocols.choose_protocol(dataset, options.protocol)
    with bars() as progress:
        request = Request(
            dataset,
            options.command(),
            options.model,
            options.limit,
            options.leaky,
            progress,
            _predictions_writer(options),
        )
        if protocol in protocols.DETECTORS:
            return evaluate_detected(request, protocols.DETECTORS[protocol])
        record = evaluate_with_honest(request, protocol)
        names = _beside(options, dataset, protocol)
        if names:
            record["beside"] = [
                evaluate_one(replace(request, model=model or request.model), name)
                for name, model in names
            ]
        if options.explanations or options.card:
            record["heatmaps"] = _score_heatmaps(request, protocol, progress)
        if options.familiarity or options.card:
            record["familiarity"] = _score_familiarity(request, protocol, progress)
    return record


def _beside(
    options: EvaluateOptions, dataset: Dataset, protocol: str
) -> list[tuple[str, str | None]]:
    """Return the protocols to show beside: all on a card, the leaky one where none is named.

    A withheld laboratory is shown where there is a network that never saw it.
    """
    from hemavision.datasets.protocols import PROTOCOLS

    measured = [one for one in PROTOCOLS.values() if one.is_measured]
    if options.card:
        if dataset.own or dataset.only:
            raise SettingsError("--card needs the folder that holds all the image sets.")
        # The protocols' own models first, then others, and what leaks last.
        rows = [(one.leaks, model, one) for one in measured for model in one.on_card]
        rows.sort(key=lambda row: row[:2])
        return [(one.name, model or None) for _, model, one in rows]
    if options.protocol or options.model:
        return []
    return [(one.name, None) for one in measured if one.leaks and one.shown_with == protocol]


def _score_heatmaps(
    request: Request, protocol: str, progress: Callable[[str], Progress]
) -> dict[str, Any]:
    from hemavision.datasets.protocols import default_model
    from hemavision.evaluation.explanations import score_heatmaps

    if request.dataset.own:
        raise SettingsError("--explanations needs the image sets' own folder (boxes of bccd).")
    return score_heatmaps(
        request.model or default_model(protocol),
        request.dataset.folder,
        request.limit,
        progress("heatmaps"),
    )


def _score_familiarity(
    request: Request, protocol: str, progress: Callable[[str], Progress]
) -> dict[str, Any]:
    from hemavision.datasets.protocols import default_model
    from hemavision.evaluation.familiarity import score_familiarity

    if request.dataset.own:
        raise SettingsError("--familiarity needs the image sets' own folder.")
    return score_familiarity(
        request.model or default_model(protocol),
        request.dataset.folder,
        progress=progress("familiarity"),
    )


def _score_detector(options: EvaluateOptions, protocol: Protocol) -> dict[str, Any]:
    from hemavision.datasets.protocols import find_dataset
    from hemavision.evaluation.boxes import score_detector
    from hemavision.evaluation.foreign_fields import score_fields

    dataset = find_dataset(options.dataset)
    if dataset.own or dataset.only not in ("", protocol.tests_on):
        needed = "its image set" if protocol.never_seen else f"the image set {protocol.tests_on}"
        raise SettingsError(f"{protocol.name} needs {needed}, or the folder of all sets.")
    with bars() as progress:
        bar = progress(protocol.name)
        if protocol.never_seen:
            return score_fields(
                protocol.name, dataset, detector=options.model, limit=options.limit, progress=bar
            )
        return score_detector(options.model, dataset.folder, options.out, bar, options.limit)


def _show_fields(record: dict[str, Any], options: EvaluateOptions) -> None:
    if options.as_json:
        click.echo(json.dumps(record))
        return
    click.echo(f"{record['protocol']}: {record['images']} fields, by {record['detector']['name']}")
    for kind, value in record.get("ap50", {}).items():
        low, high = record["intervals"][kind]
        click.echo(f"AP50 {kind:<17}{value:.3f}  [{low:.3f}, {high:.3f}]")
    for name, words in (("found", "found"), ("named", "found, rightly named")):
        if name in record:
            low, high = record["intervals"][name]
            click.echo(
                f"{words:<22}{100 * record[name]:.1f}% [{100 * low:.1f}, {100 * high:.1f}] of "
                f"{record['cells']} marked white cells"
            )
    if record["leak"] not in ("none", "unknown"):
        click.echo("The detector, or the model that names, learned from this laboratory: LEAKY")
    click.echo(record["notice"])


def _show_boxes(record: dict[str, Any], options: EvaluateOptions) -> None:
    if options.as_json:
        click.echo(json.dumps(record))
        return
    low_high = record["intervals"]
    click.echo(f"{record['protocol']}: {record['images']} fields of BCCD's test list")
    for name in ("map50", "map50_95"):
        low, high = low_high[name]
        click.echo(f"{name:<22}{record[name]:.3f}  [{low:.3f}, {high:.3f}]")
    for kind, value in record["ap50"].items():
        (low, high), at = low_high["ap50"][kind], record["at_threshold"][kind]
        click.echo(
            f"AP50 {kind:<17}{value:.3f}  [{low:.3f}, {high:.3f}]  precision "
            f"{at['precision']:.3f}, recall {at['recall']:.3f}, {record['marked'][kind]} marked"
        )
    other = record["elsewhere"]
    low, high = other["interval"]
    click.echo(
        f"{other['images']} single white cells of {other['set']}: found "
        f"{100 * other['found']:.1f}% [{100 * low:.1f}, {100 * high:.1f}], twice "
        f"{100 * other['found_twice']:.1f}%"
    )
    click.echo(record["notice"])


def _predictions_writer(options: EvaluateOptions) -> Callable[[str, Run], None] | None:
    if options.out is None or options.card:
        return None
    from hemavision.evaluation.answers import write_predictions
    from hemavision.evaluation.report import PREDICTIONS
    from hemavision.evaluation.worst import write_worst

    path = options.out / PREDICTIONS
    options.out.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    folder = options.out

    def write(protocol: str, run: Run) -> None:
        write_predictions(run, protocol, path)
        write_worst(run, folder / f"worst-{protocol.replace(':', '-')}.png")

    return write


def _show(record: dict[str, Any], options: EvaluateOptions) -> None:
    if options.as_json:
        click.echo(json.dumps(record, ensure_ascii=False))
        return
    from rich.console import Console

    from hemavision.evaluation.table import print_tables

    # In a pipe there is no terminal to wrap for; a folder's name is never markup.
    width = None if sys.stdout.isatty() else 140
    print_tables(record, Console(width=width, markup=False, highlight=False))


def _write(record: dict[str, Any], options: EvaluateOptions) -> None:
    if options.out is None and not options.card:
        return
    from hemavision.evaluation.report import write_page, write_report

    folder = options.out or Path("docs")
    path = write_page(record, folder) if options.card else write_report(record, folder)
    click.echo(f"Written: {path}", err=True)


def _name_unreadable(record: dict[str, Any]) -> bool:
    from hemavision.evaluation.result import results_in

    bad = {image: why for r in results_in(record) for image, why in r["unreadable"].items()}
    for image, why in bad.items():
        click.echo(f"{image}: {why}", err=True)
    return bool(bad)


@click.command()
@click.argument("dataset", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--model", help="A shipped model's name or a bundle's file.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of the card.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for validation.json and validation-card.md.",
)
def validate(dataset: Path, model: str | None, as_json: bool, out: Path | None) -> None:
    """Check a model on your laboratory's own labelled cells: one folder a cell type.

    Sensitivity of each type with exact intervals, drift against the training laboratories,
    thresholds that would fit, and a card of it all.
    """
    check_install()
    from hemavision.evaluation.laboratory import render
    from hemavision.evaluation.laboratory import validate as measure
    from hemavision.reading.cell import open_model

    opened = open_model(model or settings.text("model"))
    command = f"hemavision validate {dataset.resolve().name} --model {opened.reference.name}"
    with bars() as progress:
        record = measure(opened, dataset, command, progress("Reading cells"))
    card = render(record)
    click.echo(json.dumps(record, ensure_ascii=False) if as_json else card)
    if out:
        out.mkdir(parents=True, exist_ok=True)
        (out / "validation.json").write_text(json.dumps(record, indent=1), encoding="utf-8")
        (out / "validation-card.md").write_text(card, encoding="utf-8")
    for name, why in record["unreadable"].items():
        click.echo(f"{name}: {why}", err=True)
    if record["unreadable"]:
        sys.exit(1)
