"""The protocols: who trains on what, and what is kept back. One function a protocol."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from hemavision.datasets.samples import (
    Sample,
    read_bccd,
    read_bccd_cells,
    read_bcisc,
    read_folders,
    read_jtsc,
    read_kaggle,
    read_lisc,
    read_pbc,
)
from hemavision.errors import DataError
from hemavision.records.cells import EIGHT_TYPES, FIVE_TYPES, FOUR_TYPES

T = TypeVar("T")
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
        train + of_four_types(read_pbc(data / "pbc", "train", "val") + fields),
        validation,
        test,
    )


def pbc_four(data: Path) -> Split:
    """PBC's four types of the Kaggle task, by WBCAtt's own split: the pretraining.

    The training cells of its four other types teach only what the further questions ask.
    """
    whole = pbc(data)
    validation, test = of_four_types(whole.validation), of_four_types(whole.test)
    return Split("pbc-four", whole.train, validation, test)


def pbc(data: Path) -> Split:
    """PBC's eight types by WBCAtt's own split."""
    root = data / "pbc"
    train, validation, test = (read_pbc(root, part) for part in ("train", "val", "test"))
    return Split("pbc", train, validation, test, cell_types=EIGHT_TYPES)


def all_laboratories(data: Path) -> Split:
    """Every image set at hand but what the other protocols test on, against Kaggle TEST."""
    test = read_kaggle(data / "kaggle_wbc", "TEST")
    return _laboratories("all-laboratories", data, "", test, EIGHT_TYPES)


def lab_out_bccd(data: Path) -> Split:
    """Anything but BCCD and Kaggle (the same photographs), against BCCD's single white cells.

    It has too few cells beyond the four types to test on them; so has JTSC.
    """
    test = of_four_types(read_bccd_cells(data / "bccd"))
    return _laboratories("lab-out:bccd", data, "bccd", test, EIGHT_TYPES)


def lab_out_jtsc(data: Path) -> Split:
    """Anything but JTSC, against its four types."""
    test = of_four_types(read_jtsc(data / "jtsc"))
    return _laboratories("lab-out:jtsc", data, "jtsc", test, EIGHT_TYPES)


def lab_out_bcisc(data: Path) -> Split:
    """Anything but BCISC, against its five types."""
    test = read_bcisc(data / "bcisc")
    return _laboratories("lab-out:bcisc", data, "bcisc", test, EIGHT_TYPES)


def lab_out_lisc(data: Path) -> Split:
    """Anything but LISC, against its five types."""
    return _laboratories("lab-out:lisc", data, "lisc", read_lisc(data / "lisc"), EIGHT_TYPES)


def lab_out_pbc(data: Path) -> Split:
    """Anything but PBC, against the five types of its test part that others show.

    Its three other types are then shown by nobody, and are not named.
    """
    test = [s for s in read_pbc(data / "pbc", "test") if s.cell_type in FIVE_TYPES]
    return _laboratories("lab-out:pbc", data, "pbc", test, FIVE_TYPES)


def type_out(cell_type: str) -> Callable[[Path], Split]:
    """Return the protocol that trains on PBC without a type, against the cells of that type."""
    name = f"type-out:{cell_type}"

    def split(data: Path) -> Split:
        whole = pbc(data)
        known = tuple(t for t in EIGHT_TYPES if t != cell_type)
        train, validation = (
            [s for s in part if s.cell_type != cell_type]
            for part in (whole.train, whole.validation)
        )
        test = [s for s in whole.test if s.cell_type == cell_type]
        return Split(name, train, validation, test, cell_types=known)

    return split


def _laboratories(
    name: str, data: Path, withheld: str, test: list[Sample], known: tuple[str, ...]
) -> Split:
    """Every set but the ``withheld`` one, without Kaggle TEST and PBC's test part.

    Of each small set a part of its originals is kept back to choose and calibrate by: a
    temperature that one laboratory's cells chose is too sure of the next one's.
    """
    train: list[Sample] = []
    validation: list[Sample] = []
    if withheld != "bccd":
        smear = unseen_cells(data)
        train += [s for s in smear.train if s.source != "pbc"]
        validation += smear.validation
    if withheld != "pbc":
        cells = pbc(data)
        train += cells.train
        validation += cells.validation
    small = {
        "jtsc": of_four_types(read_jtsc(data / "jtsc")),  # its fifth type is one basophil
        "bcisc": read_bcisc(data / "bcisc"),
        "lisc": read_lisc(data / "lisc"),
    }
    for source, samples in small.items():
        if source != withheld:
            rest, kept_back = split_by_original(samples, KEPT_BACK)
            train += rest
            validation += kept_back
    return Split(name, train, validation, test, cell_types=known)


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
    return _random_split(f"folders:{folder.name}", read_folders(folder), honest=True)


#: The protocols by name; each takes the folder of the image sets.
PROTOCOLS: dict[str, Callable[[Path], Split]] = {
    "seed": seed,
    "unseen-cells": unseen_cells,
    "pbc": pbc,
    "pbc-four": pbc_four,
    "all-laboratories": all_laboratories,
    "lab-out:bccd": lab_out_bccd,
    "lab-out:jtsc": lab_out_jtsc,
    "lab-out:pbc": lab_out_pbc,
    "lab-out:bcisc": lab_out_bcisc,
    "lab-out:lisc": lab_out_lisc,
    "type-out:basophil": type_out("basophil"),
    "type-out:erythroblast": type_out("erythroblast"),
}


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


def _random_split(protocol: str, samples: list[Sample], honest: bool) -> Split:
    shuffled = list(samples)
    random.Random(SPLIT_SEED).shuffle(shuffled)
    first, second = round(len(shuffled) * 0.7), round(len(shuffled) * 0.9)
    return Split(protocol, shuffled[:first], shuffled[first:second], shuffled[second:], honest)
