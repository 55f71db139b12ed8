"""Fills README's tables from measured records; `--check` only says whether they are current.

docs/model-card/result.json   hemavision evaluate (the protocols side by side)
docs/results/one_pass.json    benchmarks/one_pass.py --json
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from hemavision.datasets.protocols import protocol_named
from hemavision.evaluation.figures import ROWS, percent, with_interval
from hemavision.evaluation.result import results_in

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
EVALUATION = ROOT / "docs" / "model-card" / "result.json"
ONE_PASS = ROOT / "docs" / "results" / "one_pass.json"
#: The rows of README's table; the card has all.
SHOWN = {
    key: ROWS[key]
    for key in (
        "macro_recall",
        "accuracy",
        "ece",
        "coverage",
        "accuracy_confident",
        "wrong_confident",
    )
}
NOT_MEASURED = "Not measured yet for this version."


def main() -> None:
    old = README.read_text(encoding="utf-8")
    new = fill(fill(old, "figures", _figures()), "speed", _speed())
    if "--check" in sys.argv:
        sys.exit(0 if new == old else "README's figures are not current: run `make figures`.")
    README.write_text(new, encoding="utf-8")


def fill(text: str, name: str, content: str) -> str:
    """Replace what stands between ``<!-- name -->`` and ``<!-- /name -->``."""
    pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    if len(pattern.findall(text)) != 1:
        sys.exit(f"README.md needs the markers <!-- {name} --> and <!-- /{name} --> once.")
    return pattern.sub(lambda found: f"{found[1]}{content}\n{found[2]}", text)


def _figures() -> str:
    if not EVALUATION.is_file():
        return NOT_MEASURED
    record = json.loads(EVALUATION.read_text(encoding="utf-8"))
    found = {(r["protocol"], r["model"]["name"]): r for r in results_in(record)}
    away = [r for (protocol, _), r in found.items() if protocol_named(protocol).never_seen]
    unseen, home = found["unseen-cells", "eight-types"], found["pbc", "eight-types"]
    header = [
        "",
        f"laboratories never seen: mean of {len(away)} (lowest to highest)",
        "photographs never seen (`unseen-cells`)",
        "cells never seen, laboratory known (`pbc`)",
    ]
    rows = [
        [
            name,
            _spread([r[key] for r in away]),
            *(with_interval(r[key], r["intervals"].get(key)) for r in (unseen, home)),
        ]
        for key, name in SHOWN.items()
    ]
    level = f"{100 * record['interval_level']:.0f}"
    leaky, honest = found["seed", "seed"], found["unseen-cells", "unseen-cells"]
    named = ", ".join(f"`{r['protocol']}` {percent(r['macro_recall'])}" for r in away)
    return "\n".join(
        [
            *_table(header, rows),
            "",
            f"In square brackets: {level}% intervals. Macro recall in each laboratory never seen: "
            f"{named}. By `{record['command']}`.",
            "",
            "For comparison with published work: the four-type network `seed` is right in "
            f"{percent(leaky['accuracy'])} of `seed`, a random split, which **leaks by design**; "
            f"`unseen-cells` in {percent(honest['accuracy'])} of the same task on photographs "
            "never seen.",
        ]
    )


def _spread(values: list[float | None]) -> str:
    known = [value for value in values if value is not None]
    mean = sum(known) / len(known)
    return f"{percent(mean)} ({100 * min(known):.1f} to {100 * max(known):.1f})"


def _speed() -> str:
    if not ONE_PASS.is_file():
        return NOT_MEASURED
    record = json.loads(ONE_PASS.read_text(encoding="utf-8"))
    header = ["from decoded image to probabilities and heatmap", "ms", "times as long as ours"]
    rows = [
        [row["title"].strip(), f"{row['median_ms']:.1f}", _range(row["ratio"])]
        for row in record["ways"]
    ]
    facts = record["facts"]
    overhead = record["overhead_percent"]
    return "\n".join(
        [
            *_table(header, rows),
            "",
            f"The heatmaps of all types cost {overhead[0]:.1f}% of a plain forward pass "
            f"({overhead[1]:.1f}% to {overhead[2]:.1f}%). Medians of {facts['rounds']} interleaved "
            f"rounds of {facts['images']} images, range of the rounds in brackets; "
            f"{facts['processor']}, {facts['cores']} cores, {facts['libraries']}.",
        ]
    )


def _range(ratio: list[float]) -> str:
    return f"{ratio[0]:.2f} [{ratio[1]:.2f}, {ratio[2]:.2f}]"


def _table(header: list[str], rows: Any) -> list[str]:
    rule = ["---", *("---:" for _ in header[1:])]
    return [f"| {' | '.join(cells)} |" for cells in (header, rule, *rows)]


if __name__ == "__main__":
    main()
