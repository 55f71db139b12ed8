"""What networks learn from: whole photographs on one side, and what is kept back."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from hemavision.datasets.samples import (
    Sample,
    read_bccd,
    read_bcisc,
    read_folders,
    read_jtsc,
    read_kaggle,
    read_lisc,
    read_pbc,
)
from hemavision.errors import DataError
from hemavision.records.cells import FOUR_TYPES

T = TypeVar("T")
#: What to learn from, and what to choose and calibrate by.
Parts = tuple[list[Sample], list[Sample]]
#: The seed of every split. Fixed, so that `train` and `evaluate` agree about the test set.
SPLIT_SEED = 20180422
#: Share of the originals of a small set that validation keeps back.
KEPT_BACK = 0.15


@dataclass(frozen=True)
class Split:
    """The three parts of a protocol.

    Attributes:
        protocol: its name.
        train: what to learn from.
        validation: what to choose and calibrate by.
        test: what to measure on.
        honest: false where the parts share cells.
        cell_types: that a network trained on it names.
    """

    protocol: str
    train: list[Sample]
    validation: list[Sample]
    test: list[Sample]
    honest: bool = True
    cell_types: tuple[str, ...] = FOUR_TYPES

    def __post_init__(self) -> None:
        if not self.honest:
            return
        kept_back = {s.original for s in self.test} | {s.original for s in self.validation}
        leaked = kept_back & {s.original for s in self.train}
        leaked |= {s.original for s in self.test} & {s.original for s in self.validation}
        if leaked:
            raise DataError(
                f"{self.protocol}: {len(leaked)} originals stand in two parts, {min(leaked)} first."
            )


def kaggle_at_random(data: Path) -> tuple[list[Sample], list[Sample], list[Sample]]:
    """All Kaggle images, 70/20/10: copies of a cell stand on all sides."""
    return _at_random(read_kaggle(data / "kaggle_wbc", "TRAIN") + kaggle_test(data))


def kaggle_test(data: Path) -> list[Sample]:
    """Kaggle TEST: copies of 71 photographs."""
    return read_kaggle(data / "kaggle_wbc", "TEST")


def photographs(data: Path) -> Parts:
    """Kaggle TRAIN, PBC and BCCD, without the photographs behind Kaggle TEST.

    Validation is whole originals out of TRAIN. PBC's train and val cells and BCCD's
    other fields are further training data.
    """
    train, validation = split_by_original(read_kaggle(data / "kaggle_wbc", "TRAIN"), 0.12)
    kept_back = {s.original for s in kaggle_test(data) + validation}
    fields = [s for s in read_bccd(data / "bccd") if s.original not in kept_back]
    return train + of_four_types(read_pbc(data / "pbc", "train", "val") + fields), validation


def pbc_cells(data: Path, without: str = "") -> Parts:
    """PBC's cells by WBCAtt's own split, but those of the type ``without``."""
    parts = (read_pbc(data / "pbc", part) for part in ("train", "val"))
    train, validation = ([s for s in part if s.cell_type != without] for part in parts)
    return train, validation


def laboratories(data: Path, without: str = "") -> Parts:
    """Every set but the one ``without``, without Kaggle TEST and PBC's test part.

    Without BCCD is without Kaggle: the same photographs. Of each small set a part of its originals
    is kept back to choose and calibrate by: a temperature that one laboratory's cells chose is too
    sure of the next one's.
    """
    train: list[Sample] = []
    validation: list[Sample] = []
    if without != "bccd":
        smear, chosen = photographs(data)
        train += [s for s in smear if s.source != "pbc"]
        validation += chosen
    if without != "pbc":
        cells, chosen = pbc_cells(data)
        train += cells
        validation += chosen
    small = {
        "jtsc": of_four_types(read_jtsc(data / "jtsc")),  # its fifth type is one basophil
        "bcisc": read_bcisc(data / "bcisc"),
        "lisc": read_lisc(data / "lisc"),
    }
    for source, samples in small.items():
        if source != without:
            rest, kept_back = split_by_original(samples, KEPT_BACK)
            train += rest
            validation += kept_back
    return train, validation


def restrict(split: Split, cell_types: tuple[str, ...], *, ask: bool) -> Split:
    """Return the split with what a network of ``cell_types`` can learn from it.

    Args:
        split: of public sets.
        cell_types: that the network could name; it will name those that the split has, too.
        ask: keep training cells of other types, too, where they answer further questions.
    """
    known = tuple(t for t in cell_types if t in split.cell_types)
    train = [s for s in split.train if s.cell_type in known or (ask and s.answers)]
    validation = [s for s in split.validation if s.cell_type in known]
    return replace(split, train=train, validation=validation, cell_types=known)


def own_folders(folder: Path) -> Split:
    """A person's own set, a folder a type, split at random 70/20/10 (one image, one cell)."""
    return Split(f"folders:{folder.name}", *_at_random(read_folders(folder)))


def drawn(items: Sequence[T], limit: int | None) -> list[T]:
    """Return at most ``limit`` of the items, always the same ones; all of them without one."""
    if limit is None or limit >= len(items):
        return list(items)
    return random.Random(SPLIT_SEED).sample(items, limit)


def of_four_types(samples: Iterable[Sample]) -> list[Sample]:
    """Return the samples of the Kaggle task's four types."""
    return [sample for sample in samples if sample.cell_type in FOUR_TYPES]


def split_by_original(
    samples: Iterable[Sample], fraction: float
) -> tuple[list[Sample], list[Sample]]:
    """Split so that no original stands on both sides: (rest, ``fraction`` of each type's)."""
    originals: dict[str, set[str]] = defaultdict(set)
    samples = list(samples)
    for sample in samples:
        originals[sample.cell_type].add(sample.original)
    rng = random.Random(SPLIT_SEED)
    taken: set[str] = set()
    for cell_type in sorted(originals):
        names = sorted(originals[cell_type])
        rng.shuffle(names)
        taken.update(names[: max(1, round(len(names) * fraction))])
    rest = [s for s in samples if s.original not in taken]
    return rest, [s for s in samples if s.original in taken]


def _at_random(samples: list[Sample]) -> tuple[list[Sample], list[Sample], list[Sample]]:
    shuffled = list(samples)
    random.Random(SPLIT_SEED).shuffle(shuffled)
    first, second = round(len(shuffled) * 0.7), round(len(shuffled) * 0.9)
    return shuffled[:first], shuffled[first:second], shuffled[second:]
