"""Writes the figures of docs/model-card/result.json into the shipped bundles' manifests.

The files change with it, and their SHA-256 stands in the record: evaluate once more after.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hemavision.bundle import shipped_bundles
from hemavision.evaluation.result import results_in
from hemavision.training.export import stamp_metrics

ROOT = Path(__file__).resolve().parents[1]
EVALUATION = ROOT / "docs" / "model-card" / "result.json"
KEPT = ("accuracy", "macro_precision", "macro_recall", "macro_f1", "ece", "intervals", "n_images")


def main() -> None:
    records = results_in(json.loads(EVALUATION.read_text(encoding="utf-8")))
    for path in shipped_bundles():
        stamp_metrics(path, _metrics(path.stem, records))


def _metrics(model: str, records: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a model's figures by protocol; a leaky one never stands without the honest one."""
    metrics = {}
    for record in records:
        own = record["model"]["name"] == model
        if own or record["protocol"] == "unseen-cells":
            name = record["protocol"] if own else f"unseen-cells, by {record['model']['name']}"
            metrics[name] = {key: record[key] for key in KEPT} | {"leaks": record["leak"]["note"]}
    return metrics


if __name__ == "__main__":
    main()
