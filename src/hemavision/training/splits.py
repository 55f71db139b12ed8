"""The protocols: who trains on what, and what is kept back. One function a protocol."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from hemavision.errors import DataError
from hemavision.training.datasets import (
    Sample,
    read_bccd,
    read_bccd_cells,
    read_folders,
    read_jtsc,
    read_kaggle,
    read_pbc,
)

#: The seed of every split. Fixed, so that `train` and `evaluate` agree about the test set.
SPLIT_SEED = 20180422


@dataclass(frozen=True)
class Split:
    """The three parts of a protocol. ``honest`` is false where the parts share cells."""

    protocol: str
    train: list[Sample]
    validation: list[Sample]
    test: list[Sample]
    honest: bool = True

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


def seed(data: Path) -> Split:
    """Random 70/20/10 over all Kaggle images. Leaks by design: copies of a cell on all sides."""
    samples = read_kaggle(data / "kaggle_wbc", "TRAIN") + read_kaggle(data / "kaggle_wbc", "TEST")
    return _random_split("seed", samples, honest=False)


def unseen_cells(data: Path) -> Split:
    """Kaggle TRAIN, PBC and BCCD against Kaggle TEST: 71 photographs never seen.

    Validation is whole originals out of TRAIN. PBC's train and val cells and BCCD's
    other fields are further training data.
    """
    test = read_kaggle(data / "kaggle_wbc", "TEST")
    train, validation = split_by_original(read_kaggle(data / "kaggle_wbc", "TRAIN"), 0.12)
    kept_back = {s.original for s in test} | {s.original for s in validation}
    fields = [s for s in read_bccd(data / "bccd") if s.original not in kept_back]
    return Split(
        "unseen-cells",
        train + read_pbc(data / "pbc", "train", "val") + fields,
        validation,
        test,
    )


def pbc_four(data: Path) -> Split:
    """PBC's four types of the Kaggle task, by WBCAtt's own split: the pretraining.

    The training cells of its four other types teach only what the further questions ask.
    """
    root = data / "pbc"
    train = read_pbc(root, "train", all_types=True)
    return Split("pbc-four", train, read_pbc(root, "val"), read_pbc(root, "test"))


def lab_out_bccd(data: Path) -> Split:
    """Anything but BCCD and Kaggle, against BCCD's single white cells."""
    train = read_pbc(data / "pbc", "train") + read_jtsc(data / "jtsc")
    test = read_bccd_cells(data / "bccd")
    return Split("lab-out:bccd", train, read_pbc(data / "pbc", "val"), test)


def lab_out_jtsc(data: Path) -> Split:
    """Anything but JTSC, against it; Kaggle TEST is kept back, too."""
    known = unseen_cells(data)
    return Split("lab-out:jtsc", known.train, known.validation, read_jtsc(data / "jtsc"))


def lab_out_pbc(data: Path) -> Split:
    """Anything but PBC, against the four types of its test part; Kaggle TEST is kept back, too."""
    known = unseen_cells(data)
    train = [s for s in known.train if s.source != "pbc"] + read_jtsc(data / "jtsc")
    return Split("lab-out:pbc", train, known.validation, read_pbc(data / "pbc", "test"))


def own_folders(folder: Path) -> Split:
    """A person's own set, a folder a type, split at random 70/20/10 (one image, one cell)."""
    return _random_split(f"folders:{folder.name}", read_folders(folder), honest=True)


#: The protocols by name; each takes the folder of the image sets.
PROTOCOLS: dict[str, Callable[[Path], Split]] = {
    "seed": seed,
    "unseen-cells": unseen_cells,
    "pbc-four": pbc_four,
    "lab-out:bccd": lab_out_bccd,
    "lab-out:jtsc": lab_out_jtsc,
    "lab-out:pbc": lab_out_pbc,
}


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


def _random_split(protocol: str, samples: list[Sample], honest: bool) -> Split:
    shuffled = list(samples)
    random.Random(SPLIT_SEED).shuffle(shuffled)
    first, second = round(len(shuffled) * 0.7), round(len(shuffled) * 0.9)
    return Split(protocol, shuffled[:first], shuffled[first:second], shuffled[second:], honest)
