"""The comparison page: figures of an evaluation's record beside what others have published."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hemavision.evaluation.figures import with_interval
from hemavision.evaluation.result import results_in


@dataclass(frozen=True)
class Published:
    """A figure that others gave, and which of ours lies beside it.

    Attributes:
        protocol: of the record to show beside it.
        keys: where in that record the figure stands.
        what: was measured.
        value: as published.
        source: who, and how their measurement differs from ours.
    """

    protocol: str
    keys: tuple[str, ...]
    what: str
    value: str
    source: str


PUBLISHED = (
    Published(
        "pbc",
        ("accuracy",),
        "Eight types, the laboratory known: accuracy",
        "99.02%",
        "DenseNet-121 on BloodMNIST at 224 pixels: another split of the same images",
    ),
    Published(
        "pbc",
        ("morphology", "macro_f1"),
        "Eleven attributes, mean macro F1",
        "91.27%",
        "ResNet-50, pretrained on ImageNet (WBCAtt, Tsutsui et al. 2023); people who annotate "
        "twice reach 94.7%",
    ),
    Published(
        "unseen-cells",
        ("accuracy_over_originals",),
        "Four types on photographs never seen: accuracy, one vote a photograph",
        "94.4%",
        "VGG16; 85.1% where every copy of a photograph counts",
    ),
    Published(
        "lab-out:bccd",
        ("accuracy",),
        "BCCD's cells, laboratory never seen: accuracy",
        "49% to 53%",
        "ResNet-50 with group normalisation, trained on Raabin (Tsutsui et al. 2023); 23% with "
        "batch normalisation, which has 98.5% at home",
    ),
    Published(
        "lab-out:bccd",
        ("wrong_confident",),
        "BCCD's cells: wrong, and confident of it",
        "302 of 358 cells",
        "the best open application that we found, 98.4% at home: called immature granulocytes at "
        "a median confidence of 99.9%",
    ),
    Published(
        "lab-out:jtsc",
        ("macro_recall",),
        "JTSC, laboratory never seen: macro recall",
        "28%",
        "our own first network of this kind, trained on PBC alone; chance is 25%",
    ),
    Published(
        "lab-out:pbc",
        ("macro_recall",),
        "PBC's four types, laboratory never seen: macro recall",
        "–",
        "nobody, as far as we know; chance is 25%",
    ),
)


def render_comparison(record: dict[str, Any]) -> str:
    """Return the page as Markdown.

    Args:
        record: as ``hemavision evaluate --card`` wrote it to ``result.json``.
    """
    records: dict[str, dict[str, Any]] = {}
    for result in results_in(record):
        # The first record of a protocol is that of its own model.
        records.setdefault(result["protocol"], result)
    return "\n".join(_lines(record, records)) + "\n"


def _lines(record: dict[str, Any], records: dict[str, dict[str, Any]]) -> Iterator[str]:
    yield "# Beside what others have published\n"
    yield f"**{record['notice']}**\n"
    yield (
        "Published figures come from other splits, other training images and other hands: they "
        "say where the field stands, not who won. Ours are those of the [model "
        "card](model-card.md), with 95% intervals.\n"
    )
    yield "| what | HemaVision | published | by whom, and how |"
    yield "|---|---|---|---|"
    for row in PUBLISHED:
        if row.protocol in records:
            ours = _ours(records[row.protocol], row.keys)
            yield f"| {row.what} (`{row.protocol}`) | {ours} | {row.value} | {row.source} |"
    yield (
        "\nThe twenty surest errors of a protocol, as pictures: `hemavision evaluate DATA "
        "--protocol PROTOCOL --out FOLDER` draws `worst-PROTOCOL.png`. They are photographs of "
        "the image sets and therefore not in this repository."
    )
    yield f"\nWritten by `{record['command']}` on {record['date']}."


def _ours(record: dict[str, Any], keys: tuple[str, ...]) -> str:
    if len(keys) > 1:
        scores = record[keys[0]]
        return with_interval(scores[keys[1]], scores["interval"]) if scores else "not taught"
    return with_interval(record[keys[0]], record["intervals"].get(keys[0]))
