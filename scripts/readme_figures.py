"""Fills tables of README and docs/ from measured records; `--check` says whether they are current.

docs/model-card/result.json   hemavision evaluate (the protocols side by side)
docs/results/one_pass.json    benchmarks/one_pass.py --json
docs/results/load.json        benchmarks/load.py --json, for docs/operations.md
docs/results/scale.json       benchmarks/scale.py --json, for docs/scale.md
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
OPERATIONS, SCALE = (ROOT / "docs" / f"{name}.md" for name in ("operations", "scale"))
EVALUATION = ROOT / "docs" / "model-card" / "result.json"
ONE_PASS, LOAD, MANY = (
    ROOT / "docs" / "results" / f"{name}.json" for name in ("one_pass", "load", "scale")
)
#: What docs/scale.md plans: cells in the store, readers, and a reader's decisions a second.
PLANNED, READERS, EACH = 10_000_000, 100, 1 / 4
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
    for page, tables in (
        (README, {"figures": _figures, "speed": _speed}),
        (OPERATIONS, {"load": _load}),
        (SCALE, {"measured": _measured, "plan": _plan}),
    ):
        old = new = page.read_text(encoding="utf-8")
        for name, table in tables.items():
            new = fill(new, name, table())
        if "--check" not in sys.argv:
            page.write_text(new, encoding="utf-8")
        elif new != old:
            sys.exit(f"{page.name}'s figures are not current: run `make figures`.")


def fill(text: str, name: str, content: str) -> str:
    """Replace what stands between ``<!-- name -->`` and ``<!-- /name -->``."""
    pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    if len(pattern.findall(text)) != 1:
        sys.exit(f"The page needs the markers <!-- {name} --> and <!-- /{name} --> once.")
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


def _measured() -> str:
    if not MANY.is_file():
        return NOT_MEASURED
    record = json.loads(MANY.read_text(encoding="utf-8"))
    facts, proved = record["facts"], record["verified"]
    parts = sorted(record["sizes"][-1]["bytes_a_cell"].items(), key=lambda part: -part[1])
    shares = ", ".join(f"{name} {size / 1e3:.2f}" for name, size in parts if size >= 50)
    brought = "; ".join(
        f"{of['cells']} cells from {of['files']} files of {kind}s, {of['bucket_kb']:.1f} kB a cell "
        f"in the bucket, {of['imported_a_second']:.1f} files a second"
        for kind, of in record["made"].items()
    )
    memory = max(row["memory_mb"] for row in record["servers"])
    first_s = max(row["similar_ms"] for row in record["servers"]) / 1000
    return "\n".join(
        [
            f"Brought in, one file after the other: {brought}. In PostgreSQL a decided and signed "
            f"cell takes {sum(size for _, size in parts) / 1e3:.1f} kB with indexes and log: "
            f"{shares}.",
            "",
            *_asked(record["sizes"][0], record["sizes"][-1]),
            "",
            *_decided(record["servers"]),
            "",
            "Eight threads at the store itself, without HTTP: "
            f"{record['store_alone']['rate']:.0f} decisions a second. A server that has read the "
            f"newest signed cells to compare with, which takes {first_s:.1f} s, has {memory:.0f} "
            f"MB. `cases verify` proves {proved['log']:.0f} rows of the log a second, "
            f"{proved['deep']:.0f} with the image files.",
            "",
            f"By `python benchmarks/scale.py`: PostgreSQL {facts['postgresql']} with its own "
            "defaults, images in a folder; servers, database and readers on the same "
            f"{facts['cores']} cores, which {facts['load_before']:g} other programs wanted as it "
            f"began; {facts['system']}.",
        ]
    )


def _asked(few: dict[str, Any], many: dict[str, Any]) -> list[str]:
    header = ["asked of the store", *(f"ms of {s['cells']:,} cells" for s in (few, many)), "times"]
    pairs = {name: (few["asked"][name], ms) for name, ms in many["asked"].items()}
    return _table(
        header, [[name, f"{a:.1f}", f"{b:.1f}", f"{b / a:.1f}"] for name, (a, b) in pairs.items()]
    )


def _decided(rows: list[dict[str, Any]]) -> list[str]:
    header = ["servers", "readers", "seconds between two", "decisions a second", "p50 ms", "p95 ms"]
    names = ("servers", "readers", "pause_s", "rate", "p50", "p95")
    digits = (0, 0, 0, 1, 0, 0)
    return _table(
        header,
        [[f"{row[n]:.{d}f}" for n, d in zip(names, digits, strict=True)] for row in rows],
    )


def _plan() -> str:
    if not MANY.is_file():
        return NOT_MEASURED
    record = json.loads(MANY.read_text(encoding="utf-8"))
    many, made = record["sizes"][-1], record["made"]
    stored = sum(many["bytes_a_cell"].values())
    most = max(row["rate"] for row in record["servers"])
    rested = [row for row in record["servers"] if row["readers"] == READERS]
    waits = " or ".join(f"{row['p95']:.0f} ms ({row['servers']})" for row in rested)
    whole_s = many["asked"]["agreement of all"] / 1000 * PLANNED / many["cells"]
    bucket = {kind: f"{PLANNED * of['bucket_kb'] / 1e6:.0f} GB" for kind, of in made.items()}
    days = {
        kind: f"{PLANNED * of['files'] / of['cells'] / of['imported_a_second'] / 86400:.0f} days"
        for kind, of in made.items()
    }
    rows = {
        "the database": f"{PLANNED * stored / 1e9:.0f} GB",
        "the bucket": _of_kinds(bucket),
        "bringing in, one file after the other": _of_kinds(days),
        f"{READERS} readers, each a decision in {1 / EACH:g} s": f"{READERS * EACH:g} decisions a "
        f"second; the most that was reached: {most:.0f}",
        "then 19 of 20 decisions are answered within (servers)": waits,
        "proving the log: a row for each file and each decision": f"{_proving_h(record):.0f} hours",
        "*Agreement* over all cases": f"{whole_s / 60:.0f} minutes",
    }
    return "\n".join(_table(["of ten million cells", "by these figures"], rows.items()))


def _of_kinds(figures: dict[str, str]) -> str:
    return " or ".join(f"{figure} ({kind}s)" for kind, figure in figures.items())


def _proving_h(record: dict[str, Any]) -> float:
    files = max(of["files"] / of["cells"] for of in record["made"].values())
    return PLANNED * (1 + files) / record["verified"]["log"] / 3600


def _load() -> str:
    if not LOAD.is_file():
        return NOT_MEASURED
    record = json.loads(LOAD.read_text(encoding="utf-8"))
    facts, bare, half, ending = (record[k] for k in ("facts", "bare", "half", "ending"))
    header = ["", "at once", "a second", "of bare inference", "p50 ms", "p95 ms", "p99 ms", "503"]
    rows = [
        [f"`{name}`", row["at_once"], f"{row['rate']:.1f}", f"{row['rate'] / alone:.2f}",
         *(f"{row[p]:.0f}" for p in ("p50", "p95", "p99")), row["refused"]]
        for name in ("classify", "smears", "gunicorn")
        for alone in [bare.get(name, bare["classify"])]
        for row in record[name]
    ]  # fmt: skip
    busy, idle = (max(p["p99"] for p in record["pages"][k].values()) for k in ("busy", "alone"))
    told = [
        f"Bare inference (decoded images, a thread a core, no HTTP): {bare['classify']:.1f} cells "
        f"or {bare['smears']:.1f} fields a second. `gunicorn` is `classify` there. 503 counts what "
        "was refused, and sent again when the answer said.",
        f"While 64 are at once, the slowest of five pages and health addresses has a p99 of "
        f"{busy:.0f} ms ({idle:.0f} alone). At half of the most that was reached, "
        f"{half['asked']:.0f} requests a second at random moments, p99 is {half['p99']:.0f} ms, "
        f"{half['tail']:.1f} times a single request's median. After SIGTERM {ending['answered']} "
        f"of {ending['sent']} requests on their way were answered.",
        "Requests are not put together: four images in one pass of the network, instead of one, "
        f"give {_range(bare['together'])} of the rate.",
    ]
    if steady := record.get("steady"):
        slope, low, high = steady["kb_per_1000"]
        told.append(
            f"Over {steady['requests']} requests the resident memory grows by {slope:.0f} kB a "
            f"thousand (95% interval {low:.0f} to {high:.0f}), to {steady['last_mb']:.0f} MB."
        )
    machine = f"{facts['cores']} cores, {facts['system']}, {facts['libraries']}"
    told.append(
        f"By `python benchmarks/load.py`: `{facts['model']}`, {facts['seconds']:g} s a level, "
        f"locust on the same {machine}."
    )
    return "\n".join(
        [*_table(header, [list(map(str, row)) for row in rows]), "", "\n\n".join(told)]
    )


def _range(ratio: list[float]) -> str:
    return f"{ratio[0]:.2f} [{ratio[1]:.2f}, {ratio[2]:.2f}]"


def _table(header: list[str], rows: Any) -> list[str]:
    rule = ["---", *("---:" for _ in header[1:])]
    return [f"| {' | '.join(cells)} |" for cells in (header, rule, *rows)]


if __name__ == "__main__":
    main()
