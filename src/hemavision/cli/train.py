"""``hemavision train`` and ``hemavision export``."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hemavision import settings
from hemavision.cli.progress import bars

if TYPE_CHECKING:
    from hemavision.datasets.protocols import Protocol
    from hemavision.datasets.splits import Split
    from hemavision.training.recipes import Recipe
    from hemavision.training.run import RunOptions

#: The columns of a run's log that are shown.
SHOWN = ("loss", "accuracy", "val_loss", "val_accuracy")


@click.command()
@click.argument(
    "dataset", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path)
)
@click.option(
    "--protocol",
    help="The image sets' own cells instead of DATASET: unseen-cells, seed, pbc, "
    "all-laboratories, … (see docs/evaluation.md); all-fields trains the detector, "
    "unseen-cells-detected one without Kaggle TEST, field-out:… one without a set.",
)
@click.option(
    "--from",
    "bundle",
    metavar="BUNDLE",
    help="Teach this bundle, or shipped model, the cells of DATASET: its last layer alone is "
    "fitted anew, in a minute or two.",
)
@click.option(
    "--recipe",
    "recipe_name",
    help="How to train; by default hemavision, or detector where the protocol trains one.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder of the run; with --from the new bundle, by default DATASET.onnx.",
)
@click.option("--seed", default=1, show_default=True, help="Of everything random.")
@click.option(
    "--start",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Weights to start from: of an earlier run, of any Keras file, or of a bundle.",
)
@click.option(
    "--precision",
    type=click.Choice(["float32", "mixed_bfloat16"]),
    default="float32",
    show_default=True,
    help="What layers compute in; bfloat16 is faster where the processor has it.",
)
@click.option(
    "--processes",
    type=click.IntRange(min=0),
    default=0,
    help="Processes that make views of cells beside the training: a few for a GPU, none for a CPU.",
)
@click.option("--epochs", type=int, help="Epochs of every phase, instead of the recipe's.")
@click.option("--skip-bad", is_flag=True, help="Go on without bad images instead of stopping.")
def train(
    dataset: Path | None,
    protocol: str | None,
    bundle: str | None,
    recipe_name: str | None,
    out: Path | None,
    seed: int,
    start: Path | None,
    precision: str,
    processes: int,
    epochs: int | None,
    skip_bad: bool,
) -> None:
    """Train the network on DATASET, a folder of your own with one folder a cell type.

    Run the same command again to go on after an interruption.
    """
    if (protocol is None) == (dataset is None):
        raise click.UsageError("Give either DATASET or --protocol.")
    from hemavision.datasets.protocols import CLASSIFIERS, DETECTORS

    if processes and (bundle or protocol in DETECTORS):
        raise click.UsageError(
            "--processes makes views for a network of cell types trained by a recipe; neither "
            "--from nor a detector takes it. Leave it out."
        )
    # TensorFlow's start-up chatter would bury the progress bar.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # Kernels that TensorFlow leaves out on older processors, where they gain, too.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    from hemavision.images.memory import keep_what_is_freed
    from hemavision.training.command import typed
    from hemavision.training.run import RunOptions, run

    if bundle:
        _adapt(bundle, dataset, out, skip_bad)
        return
    keep_what_is_freed()
    if protocol in DETECTORS:
        options = RunOptions(
            out or Path("runs/detector"), seed, start, precision, skip_bad, typed()
        )
        _train_detector(DETECTORS[protocol], options, recipe_name or "detector", epochs)
        return
    split = _split_of(dataset, protocol)
    if split is None:
        raise click.UsageError(f"No protocol {protocol!r}; have {', '.join(CLASSIFIERS)}.")
    recipe = _recipe(recipe_name or "hemavision", epochs)
    folder = out or Path("runs") / f"{split.protocol.replace(':', '-')}-{recipe.name}-{seed}"
    options = RunOptions(folder, seed, start, precision, skip_bad, typed(), processes)
    total = sum(phase.epochs for phase in recipe.phases)
    with _Progress(total) as progress:
        weights = run(split, recipe, options, on_cut=progress.cut, on_epoch=progress.epoch)
    click.echo(f"Weights: {weights}\nNext: hemavision export {folder}")


def _split_of(dataset: Path | None, protocol: str | None) -> Split | None:
    """Return the cells of a folder, else those of a protocol; None where there is none."""
    from hemavision.datasets.protocols import CLASSIFIERS
    from hemavision.datasets.splits import own_folders

    if dataset:
        return own_folders(dataset)
    return CLASSIFIERS[protocol].split(settings.data_folder()) if protocol in CLASSIFIERS else None


def _train_detector(protocol: Protocol, options: RunOptions, name: str, epochs: int | None) -> None:
    from hemavision.training.detector.fit import DETECTOR_RECIPES, fit_detector

    if name not in DETECTOR_RECIPES:
        raise click.UsageError(
            f"{protocol.name} has no recipe {name!r}; have {', '.join(DETECTOR_RECIPES)}."
        )
    recipe = DETECTOR_RECIPES[name]
    if epochs is not None:
        recipe = replace(recipe, epochs=epochs)
    split = protocol.fields(settings.data_folder())
    with _Progress(recipe.epochs) as progress:
        weights = fit_detector(split, recipe, options, on_epoch=progress.epoch)
    click.echo(f"Weights: {weights}\nNext: hemavision export {options.folder}")


def _adapt(bundle: str, dataset: Path | None, out: Path | None, skip_bad: bool) -> None:
    from hemavision.reading.bundle import find_bundle
    from hemavision.training.adapt import adapt
    from hemavision.training.command import typed

    if dataset is None:
        raise click.UsageError("--from needs DATASET, your own cells.")
    file = out or Path(f"{dataset.resolve().name}.onnx")
    with bars() as progress:
        found = adapt(
            find_bundle(bundle),
            dataset,
            file,
            command=typed(),
            skip_bad=skip_bad,
            on_image=progress("Looking at cells"),
        )
    click.echo(f"{'cell type':<21}{'kept back':>10}{'right before':>14}{'right after':>13}")
    for name, (count, before, after) in found.held_out.items():
        click.echo(f"{name:<21}{count:>10}{before:>14}{after:>13}")
    click.echo(
        f"Learned from {found.trained} cells. Of those kept back, {100 * found.right(False):.1f}% "
        f"were named rightly before and {100 * found.right(True):.1f}% after.\n"
        f"Written: {file}\nNext: hemavision classify --model {file} IMAGES, or "
        f"hemavision validate --model {file} OTHER_CELLS"
    )


def _recipe(name: str, epochs: int | None) -> Recipe:
    from hemavision.training.recipes import RECIPES

    if name not in RECIPES:
        raise click.UsageError(f"No recipe {name!r}; have {', '.join(RECIPES)}.")
    recipe = RECIPES[name]
    if epochs is None:
        return recipe
    phases = tuple(replace(phase, epochs=epochs) for phase in recipe.phases)
    return replace(recipe, phases=phases)


class _Progress:
    """A bar with the time left on a terminal; one line an epoch in a pipe or a log."""

    def __init__(self, epochs: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._console = Console(stderr=True)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed:.0f}/{task.total:.0f}"),
            TimeRemainingColumn(),
            TextColumn("left"),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._cut = self._bar.add_task("Cutting out cells", total=None)
        self._fit = self._bar.add_task("Training", total=epochs)

    def __enter__(self) -> _Progress:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def cut(self, done: int, total: int) -> None:
        """Show how many cells are cut out."""
        self._bar.update(self._cut, completed=done, total=total)

    def epoch(self, row: dict[str, float]) -> None:
        """Show a finished epoch."""
        self._bar.update(self._fit, completed=row["epoch"])
        self._console.print(
            f"epoch {row['epoch']:.0f} at {row['size_px']:.0f} px: "
            + ", ".join(f"{name} {row[name]:.4f}" for name in SHOWN if name in row),
            highlight=False,
            soft_wrap=True,
        )


@click.command()
@click.argument("run", type=click.Path(exists=True, path_type=Path))
@click.argument(
    "dataset", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path)
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The bundle to write; by default RUN with .onnx.",
)
@click.option(
    "--int8",
    is_flag=True,
    help="RUN is a bundle: write it in eight bits, with what it says otherwise as it is.",
)
def export(run: Path, dataset: Path | None, out: Path | None, int8: bool) -> None:
    """Write the finished training RUN as a calibrated bundle: one ONNX file.

    RUN may be a bundle, too: its doubt is fitted anew. DATASET is your own folder, where the run
    was trained on one.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from hemavision.datasets.protocols import DETECTORS

    bundle = out or run.with_suffix(".onnx")
    if bundle == run:
        raise click.UsageError(f"{run} would be overwritten; name another file with --out.")
    if int8 and not run.is_file():
        raise click.UsageError(f"{run} is a run: export it, and then the bundle with --int8.")
    protocol = _protocol_of(run)
    if protocol in DETECTORS:
        _export_detector(run, DETECTORS[protocol], bundle, int8)
        return
    split = _split_of(dataset, protocol)
    if split is None:
        raise click.UsageError(f"{run} was trained on a folder of yours; name it after RUN.")
    if int8:
        from hemavision.training.command import typed
        from hemavision.training.eight_bits import classifier_in_eight_bits

        classifier_in_eight_bits(run, split.train, bundle, typed())
        click.echo(f"{bundle}: {bundle.stat().st_size:,} bytes, {run} had {run.stat().st_size:,}")
        return
    _export_classifier(run, split, bundle)


def _export_classifier(run: Path, split: Split, bundle: Path) -> None:
    from hemavision.training.finish import export_run

    with bars() as progress:
        manifest = export_run(run, split, bundle, on_image=progress("Calibrating"))
    click.echo(
        f"{bundle}: {manifest.name}, temperature {manifest.temperature:.3f}, "
        f"check below {manifest.check_below:.3f}"
    )


def _protocol_of(run: Path) -> str:
    """Return what a run, or a bundle's, was trained by."""
    from hemavision.reading import bundle
    from hemavision.reading.finding import manifest
    from hemavision.reading.onnx_session import open_network
    from hemavision.training.run import CONFIG

    if run.is_file():
        metadata = open_network(run, threads=1).metadata
        written = (metadata.get(key) for key in (bundle.MANIFEST_KEY, manifest.MANIFEST_KEY))
        config = json.loads(next(filter(None, written), "{}")).get("training", {})
    elif (run / CONFIG).exists():
        config = json.loads((run / CONFIG).read_text())
    else:
        raise click.UsageError(f"{run} holds no training run ({CONFIG} is missing).")
    return str(config.get("protocol", ""))


def _export_detector(run: Path, protocol: Protocol, bundle: Path, int8: bool) -> None:
    fields = protocol.fields(settings.data_folder())
    if int8:
        from hemavision.training.command import typed
        from hemavision.training.eight_bits import detector_in_eight_bits

        detector_in_eight_bits(run, fields.train, bundle, typed())
        click.echo(f"{bundle}: {bundle.stat().st_size:,} bytes, {run} had {run.stat().st_size:,}")
        return
    from hemavision.training.detector.finish import export_detector

    manifest = export_detector(run, fields, bundle)
    chosen = ", ".join(f"{kind} from {least:.2f}" for kind, least in manifest.thresholds.items())
    click.echo(f"{bundle}: {manifest.name}, {chosen}")
