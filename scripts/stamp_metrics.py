"""Writes the figures of docs/model-card/result.json into the manifests of the bundles people know.

The manifest is part of the file, so the files' SHA-256 change while graph and weights do not:
the record gets the new ones, and the card is written from it again.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hemavision.datasets.protocols import HONEST
from hemavision.evaluation.report import write_page
from hemavision.evaluation.result import results_in
from hemavision.reading.bundle import (
    ABROAD,
    DEFAULT_MODEL,
    NOT_IN_WHEEL,
    find_bundle,
    sha256_of,
    shipped_bundles,
)
from hemavision.training.export import stamp_metrics

ROOT = Path(__file__).resolve().parents[1]
EVALUATION = ROOT / "docs" / "model-card" / "result.json"
KEPT = ("accuracy", "macro_precision", "macro_recall", "macro_f1", "ece", "intervals", "n_images")


def main() -> None:
    page = json.loads(EVALUATION.read_text(encoding="utf-8"))
    records = results_in(page)
    for path in [*shipped_bundles(), *map(find_bundle, NOT_IN_WHEEL)]:
        old = sha256_of(path.read_bytes())
        stamp_metrics(path, _metrics(path.stem, records))
        for record in [*records, page["heatmaps"]]:
            if record["model"]["sha256"] == old:
                record["model"]["sha256"] = sha256_of(path.read_bytes())
    write_page(page, ROOT / "docs")


def _metrics(model: str, records: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a model's figures by protocol; one that flatters never stands without honest ones.

    Its own honest ones bear the confusions: an estimate that corrects them starts from these. With
    the shipped model's stand those of the networks that learned as it did, without one laboratory.
    """
    metrics = {}
    for record in records:
        own = record["model"]["name"] == model
        abroad = model == DEFAULT_MODEL and record["protocol"].startswith(ABROAD)
        if own or abroad or record["protocol"] == HONEST:
            by = "" if own else f", by {record['model']['name']}"
            name = record["protocol"] + by
            metrics[name] = {key: record[key] for key in KEPT} | {"leaks": record["leak"]["note"]}
            if own and record["leak"]["kind"] == "none":
                metrics[name] |= {key: record[key] for key in ("cell_types", "confusion")}
    return metrics


if __name__ == "__main__":
    main()
