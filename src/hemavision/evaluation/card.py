"""The model card, made from an evaluation's JSON record and from nothing else.

No figure stands in this file's text: a card shows what was measured or says nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from hemavision.datasets.protocols import protocol_named
from hemavision.evaluation.figures import (
    ABSENT,
    class_lines,
    comparison,
    confusion_lines,
    familiarity_lines,
    heatmap_lines,
    percent,
    status_lines,
)
from hemavision.evaluation.plots import CONFUSION, COVERAGE, PER_CLASS, RELIABILITY
from hemavision.evaluation.result import label, results_in
from hemavision.records.cells import EIGHT_TYPES, UNNAMED

#: Whether the heatmaps' fields were trained on, by the kind of leak.
SEEN = {
    "none": "The model was not trained on these photographs.",
    "leaky": "The model was trained on some of these photographs.",
    "unknown": "The manifest does not say whether the model was trained on these photographs.",
}


def render_card(record: dict[str, Any], plots: str = "") -> str:
    """Return the card as Markdown.

    Args:
        record: as ``hemavision evaluate`` wrote it to ``result.json``.
        plots: the plots' folder, relative to the card; empty where it is the card's own.
    """
    records = results_in(record)
    sections = (
        _what(record),
        _use(record),
        _training(record),
        _figures(record, records, plots),
        *(_details(r) for r in records),
        _heatmaps(record),
        _familiarity(record),
        _other_laboratories(records),
        _limits(record, records),
        _making(record, records),
    )
    return "\n".join(line for section in sections for line in section)


def _what(record: dict[str, Any]) -> Iterator[str]:
    manifest = record["manifest"]
    yield f"# Model card: {record['model']['name']}\n"
    yield f"**{record['notice']}**\n"
    yield "## What it is\n"
    yield (
        "A convolutional network that names the white blood cell in an image of a stained "
        "smear, with a calibrated probability, a Grad-CAM heatmap for every cell type, and a "
        "measure of how unlike its training images the cell is.\n"
    )
    rows = [
        ["Cell types", ", ".join(record["cell_types"])],
        ["Input", f"{manifest['size_px']} × {manifest['size_px']} pixels around the nucleus, RGB"],
        ["Temperature of the probabilities", f"{manifest['temperature']:.3f}"],
        ["Answers are “check” below", percent(manifest["check_below"])],
        ["Licence", manifest["licence"]],
        ["SHA-256 of the bundle", f"`{record['model']['sha256']}`"],
        ["SHA-256 of the weights", f"`{manifest['weights_sha256']}`"],
    ]
    yield from _table(["", ""], rows)


def _use(record: dict[str, Any]) -> Iterator[str]:
    yield "## Intended use\n"
    yield (
        "Research, teaching and the building of software. Each answer is for a person to check, "
        "with its heatmap and its doubt beside it. It is not a medical device, has not been "
        f"validated on patients, and must not decide about anybody's care. {record['notice']}\n"
    )
    yield "## What it can and cannot see\n"
    yield (
        f"It knows {', '.join(record['cell_types'])}: **every image gets one of these names**, "
        f"whatever it shows. It cannot name {', '.join([*_unknown(record), *UNNAMED])}. Some of "
        "these are flagged as unfamiliar; do not count on it. "
        "It looks at one cell an image: in the middle, or else the most strongly stained.\n"
    )


def _unknown(record: dict[str, Any]) -> list[str]:
    return [f"{t.replace('_', ' ')}s" for t in EIGHT_TYPES if t not in record["cell_types"]]


def _training(record: dict[str, Any]) -> Iterator[str]:
    yield "## How it was trained\n"
    rows = [[name, f"`{value}`"] for name, value in _flat(record["manifest"]["training"])]
    rows += [
        [name, _counted(record[key])]
        for name, key in (
            ("Training images of this protocol", "training_images"),
            ("Validation images of this protocol", "validation_images"),
        )
        if record[key]["n_images"]
    ]
    yield from _table(["", ""], rows or [["The manifest does not say", ""]])
    yield from _taught(record)


def _taught(record: dict[str, Any]) -> Iterator[str]:
    taught = record.get("taught")
    if not taught:
        return
    yield "What each laboratory taught, in pictures:\n"
    types = record["cell_types"]
    rows = [
        [source, *(f"{kinds[t]:,}" if t in kinds else ABSENT for t in types)]
        for source, kinds in taught.items()
    ]
    yield from _table(["", *types], rows)
    yield (
        f"Nobody taught it {', '.join([*_unknown(record), *UNNAMED])}. A type that one laboratory "
        "alone showed is known in that laboratory's looks.\n"
    )


def _figures(record: dict[str, Any], records: list[dict[str, Any]], plots: str) -> Iterator[str]:
    yield "## Figures\n"
    level = f"{100 * record['interval_level']:.0f}%"
    yield (
        f"In brackets: {level} intervals. Where several images show one cell (they are copies "
        "of one photograph), whole photographs were resampled; where each image is its own "
        "cell, proportions have exact intervals.\n"
    )
    yield from _table(["", *(label(r) for r in records)], comparison(records))
    for r in records:
        yield f"- **{label(r)}**: {r['leak']['note']}"
    yield ""
    folder = f"{plots}/" if plots else ""
    yield f"![Confusion of each protocol]({folder}{CONFUSION})\n"
    yield f"![Confidence against accuracy]({folder}{RELIABILITY})\n"
    yield f"![Precision, recall and F of each cell type]({folder}{PER_CLASS})\n"
    yield f"![Accuracy of the surest answers]({folder}{COVERAGE})\n"


def _details(record: dict[str, Any]) -> Iterator[str]:
    yield f"### {label(record)}: each cell type\n"
    header = ["Cell type", "Precision", "Recall", "F-score", "Images"]
    yield from _table(header, class_lines(record))
    yield "Confusion: a row is what the cell is, a column what it was called.\n"
    yield from _table(["", *record["cell_types"]], confusion_lines(record))
    yield "How far to trust an answer:\n"
    yield from _table(["Status", "Images", "Share", "Accuracy"], status_lines(record))
    if record.get("morphology"):
        yield "What it says of a cell's looks (macro F1 over the values of each attribute):\n"
        looks = record["morphology"]["attributes"].items()
        rows = [
            [name.replace("_", " "), percent(row["macro_f1"]), f"{row['n_images']:,}"]
            for name, row in looks
        ]
        yield from _table(["Attribute", "Macro F1", "Images"], rows)


def _heatmaps(record: dict[str, Any]) -> Iterator[str]:
    if "heatmaps" not in record:
        return
    scores = record["heatmaps"]
    yield "## Heatmaps\n"
    yield (
        f"Scored on {scores['n_fields']} fields ({scores['fields']}), the deletion and insertion "
        f"curves and the shuffled weights on {scores['perturbation']['n_fields']} of them. "
        "Chance is what a map without knowledge, spread evenly over the crop, would give. "
        f"{SEEN[scores['seen_in_training']]}\n"
    )
    yield from _table(["Score", "Value", "Chance"], heatmap_lines(scores))
    yield (
        f"The crop held {percent(scores['cell_in_crop'])} of the cell's box on average. Likeness "
        "is Spearman's correlation: a map that stays alike when the weights are shuffled shows "
        "the image, not what the network learned.\n"
    )


def _familiarity(record: dict[str, Any]) -> Iterator[str]:
    if "familiarity" not in record:
        return
    scores = record["familiarity"]
    yield "## Familiarity\n"
    yield (
        f"How well novelty tells {scores['known']:,} cells of PBC's test part from pictures that "
        f"show none of the types. Of those cells {percent(scores['known_unfamiliar'])} are flagged "
        "as unfamiliar.\n"
    )
    header = ["Picture", "AUROC", "Flagged as unfamiliar", "Pictures"]
    yield from _table(header, familiarity_lines(scores))


def _other_laboratories(records: list[dict[str, Any]]) -> Iterator[str]:
    for r in records:
        if protocol_named(r["protocol"]).never_seen:
            yield f"## A laboratory never seen: {r['protocol']}\n"
            yield (
                f"On {r['n_images']:,} cells of another laboratory, stain and camera the model "
                f"flagged {percent(r['novelty_share'])} as unfamiliar, called "
                f"{percent(r['coverage'])} confident, and was right in "
                f"{percent(r['accuracy'])} of all and {percent(r['accuracy_confident'])} of the "
                "confident. Expect figures like these, not those above, on your own slides until "
                "you have measured.\n"
            )


def _limits(record: dict[str, Any], records: list[dict[str, Any]]) -> Iterator[str]:
    yield "## Limitations\n"
    yield (
        "- No image set says which patient a cell came from: cells of one patient may stand on "
        "both sides of any split, so performance on new patients is not known."
    )
    yield (
        f"- `{record['protocol']}` tests on {record['n_images']:,} images, but on "
        f"{record['n_originals']:,} photographs only: the intervals are wide because the "
        "evidence is thin."
    )
    for r in records:
        if r["leak"]["kind"] == "by-design":
            yield (
                f"- The {r['all_images']['n_images']:,} images behind `{r['protocol']}` were made "
                f"from {r['all_images']['n_originals']:,} photographs (matched by content) by "
                "rotating, shearing and flipping; that protocol measures memory as much as sight."
            )
    yield (
        "- Labels were given by a set's authors, mostly one reader each: some are wrong, and an "
        "accuracy near certainty may fit the errors."
    )
    yield (
        "- Stain, microscope and camera change the colours that the answer rests on; age, "
        "ancestry, disease and treatment of the patients are unknown."
    )
    yield "- A heatmap shows where the evidence lay, not that the answer is right.\n"


def _making(record: dict[str, Any], records: list[dict[str, Any]]) -> Iterator[str]:
    yield "## How this card was made\n"
    yield f"By `{record['command']}` on {record['date']}, from the record that it wrote.\n"
    rows = [
        [label(r), r["model"]["name"], f"`{r['model']['sha256']}`", f"`{r['data_digest']}`"]
        for r in records
    ]
    yield from _table(["Protocol", "Model", "SHA-256 of the bundle", "Digest of the images"], rows)


def _flat(values: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in sorted(values.items()):
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value if isinstance(value, str) else json.dumps(value)


def _counted(count: dict[str, Any]) -> str:
    sources = ", ".join(f"{name} {number:,}" for name, number in count["sources"].items())
    return f"{count['n_images']:,} of {count['n_originals']:,} originals ({sources})"


def _table(header: list[str], rows: Iterable[list[str]]) -> Iterator[str]:
    yield f"| {' | '.join(header)} |"
    yield f"|{'---|' * len(header)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', '∣') for cell in row)} |"
    yield ""
