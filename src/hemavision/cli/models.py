"""``hemavision models``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from pathlib import Path

#: Where a model is found, in words.
FOUND = {
    "wheel": "shipped in the wheel",
    "clone": "in this clone of the repository only, not in the wheel",
    "file": "a file of your own",
}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line and model.")
def models(as_json: bool) -> None:
    """List the models with their figures; * marks the one in use.

    The shipped ones are in the wheel; a clone of the repository has others beside them.

    For research use only. Not for use in diagnostic procedures.
    """
    from hemavision import settings
    from hemavision.reading.bundle import clone_bundles, find_bundle, shipped_bundles
    from hemavision.records.results import NOTICE

    in_use = find_bundle(settings.text("model")).resolve()
    found = {path.resolve(): "wheel" for path in shipped_bundles()}
    found |= {path.resolve(): "clone" for path in clone_bundles()}
    found.setdefault(in_use, "file")
    for path, where in found.items():
        record = _describe(path, path == in_use) | {"found": where}
        click.echo(json.dumps(record) if as_json else _as_text(record))
    if not as_json:
        click.echo(NOTICE)


def _describe(path: Path, default: bool) -> dict[str, Any]:
    from hemavision.reading.cell import open_model

    model = open_model(path, threads=1)
    manifest = model.manifest
    return {
        "name": manifest.name,
        "default": default,
        "cell_types": list(manifest.cell_types),
        "bytes": path.stat().st_size,
        "sha256": model.reference.sha256,
        "metrics": manifest.metrics,
        "training": manifest.training,
        "licence": manifest.licence,
    }


def _as_text(record: dict[str, Any]) -> str:
    lines = [
        f"{'*' if record['default'] else ' '} {record['name']}",
        f"    names    {', '.join(record['cell_types'])}",
        f"    file     {record['bytes'] / 1e6:.1f} MB, SHA-256 {record['sha256'][:12]}…",
        f"    found    {FOUND[record['found']]}",
    ]
    for protocol, figures in record["metrics"].items():
        lines.append(f"    {protocol}: {_figures(figures)}")
    if not record["metrics"] and record["found"] != "clone":  # the model card has those
        lines.append("    not evaluated: run `hemavision evaluate`")
    return "\n".join(lines)


def _figures(figures: dict[str, Any]) -> str:
    """Return one protocol's figures in a line: shares in percent, with intervals if given."""
    intervals = figures.get("intervals", {})
    shown = []
    for name in ("accuracy", "macro_precision", "macro_recall", "macro_f1"):
        if name in figures:
            text = f"{name.replace('_', ' ')} {100 * figures[name]:.1f}%"
            if name in intervals:
                low, high = intervals[name]
                text += f" ({100 * low:.1f} to {100 * high:.1f})"
            shown.append(text)
    return ", ".join(shown) or "no figures"
