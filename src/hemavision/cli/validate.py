"""``hemavision validate``."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import click

from hemavision import settings


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
    from hemavision.cli.evaluate import check_install

    check_install()
    from hemavision.evaluation.laboratory import render
    from hemavision.evaluation.laboratory import validate as measure
    from hemavision.reading.cell import open_model

    opened = open_model(model or settings.text("model"))
    command = f"hemavision validate {dataset.resolve().name} --model {opened.reference.name}"
    with click.progressbar(length=1, label="Reading cells", hidden=not os.isatty(2)) as bar:

        def show(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        record = measure(opened, dataset, command, show)
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
