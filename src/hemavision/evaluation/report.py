"""Writes an evaluation's files: record, plots, predictions, card."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hemavision.evaluation.card import render_card
from hemavision.evaluation.plots import write_plots
from hemavision.evaluation.published import render_comparison

RESULT, PREDICTIONS, CARD = "result.json", "predictions.csv", "MODEL_CARD.md"
#: Of the card of all protocols: the page, and the folder of what it was made from.
PAGE, PAGE_FOLDER = "model-card.md", "model-card"
COMPARISON = "comparison.md"


def write_report(record: dict[str, Any], folder: Path) -> Path:
    """Write record, plots and card into ``folder``; return the card's path."""
    write_record(record, folder)
    card = folder / CARD
    card.write_text(render_card(record), encoding="utf-8")
    return card


def write_page(record: dict[str, Any], folder: Path) -> Path:
    """Write the card and the comparison as documentation's pages; return the card's path."""
    write_record(record, folder / PAGE_FOLDER)
    page = folder / PAGE
    page.write_text(render_card(record, PAGE_FOLDER), encoding="utf-8")
    (folder / COMPARISON).write_text(render_comparison(record), encoding="utf-8")
    return page


def write_record(record: dict[str, Any], folder: Path) -> None:
    """Write ``result.json`` and the plots into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(record, indent=1, ensure_ascii=False)
    (folder / RESULT).write_text(text + "\n", encoding="utf-8")
    write_plots(record, folder)
