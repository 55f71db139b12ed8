"""The protocols: who learns from what, on what it is measured, and what that tells.

A new one is a record here; commands, cards and docs/evaluation.md ask the record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

from hemavision.datasets.fields import FieldSplit, split_fields
from hemavision.datasets.samples import (
    Sample,
    read_bccd_cells,
    read_bcisc,
    read_jtsc,
    read_lisc,
    read_pbc,
)
from hemavision.datasets.splits import (
    Parts,
    Split,
    kaggle_at_random,
    kaggle_test,
    laboratories,
    of_four_types,
    own_folders,
    pbc_cells,
    photographs,
)
from hemavision.errors import DataError, SettingsError
from hemavision.reading import bundle
from hemavision.records.cells import EIGHT_TYPES, FIVE_TYPES, FOUR_TYPES

#: What a figure that flatters is shown with.
HONEST = "unseen-cells"
SET_NAMES = ("kaggle_wbc", "pbc", "bccd", "jtsc", "bcisc", "lisc")

Kind = Literal["classifier", "detector", ""]
Test = Callable[[Path], list[Sample]]


@dataclass(frozen=True)
class Protocol:
    """Who learns from what, on what it is measured, and what that tells.

    Attributes:
        name: as people type it and manifests keep it.
        tested: what it tests on, in words; empty where docs/evaluation.md has no row of it.
        tells: what its figure says, in words.
        trains: what learns by it.
        measures: what it measures.
        tests_on: the image set of its test images.
        learn: a classifier's cells, out of the folder of the image sets.
        test: the cells that it tests on, none of which a detector learns from either.
        cell_types: that a classifier learns to name.
        without: image sets, or a cell type, that nothing of its training shows.
        leaks: by design: the same cells are learned from and tested on.
        model: the bundle that was made for it alone and only a clone has.
        shown_with: the protocol of the honest figure beside one that flatters; its own if empty.
        on_card: models that the card of all protocols shows by it; empty for its own.
    """

    name: str
    tested: str = ""
    tells: str = ""
    trains: Kind = "classifier"
    measures: Kind = "classifier"
    tests_on: str = ""
    learn: Callable[[Path], Parts] = lambda data: ([], [])
    test: Test = lambda data: []
    cell_types: tuple[str, ...] = FOUR_TYPES
    without: tuple[str, ...] = ()
    leaks: bool = False
    model: str = ""
    shown_with: str = ""
    on_card: tuple[str, ...] = ()

    def split(self, data: Path) -> Split:
        """Return a classifier's cells, out of the folder of the image sets."""
        test = self.test(data)
        return Split(self.name, *self.learn(data), test, not self.leaks, self.cell_types)

    def fields(self, data: Path) -> FieldSplit:
        """Return a detector's fields, out of the folder of the image sets."""
        kept_back = {sample.original for sample in self.test(data)}
        split = split_fields(data, without=self.without, kept_back=kept_back)
        return replace(split, protocol=self.name)

    @property
    def never_seen(self) -> bool:
        """Whether it measures in a laboratory that nothing of its training shows."""
        return self.tests_on in self.without

    @property
    def own_model(self) -> Path | None:
        """The bundle that was made for it alone, where there is one."""
        path = bundle.IN_CLONE / f"{self.model}.onnx"
        return path if path.is_file() else None

    @property
    def is_measured(self) -> bool:
        """Whether what it measures is at hand."""
        return not self.model or self.own_model is not None


def _lab_out(
    source: str, tested: str, tells: str, test: Test, cell_types: tuple[str, ...] = EIGHT_TYPES
) -> Protocol:
    """A laboratory never seen: every other one teaches."""
    return Protocol(
        f"{bundle.ABROAD}{source}", tested, tells, tests_on=source, without=(source,),
        learn=partial(laboratories, without=source), test=test, cell_types=cell_types,
        model=f"lab-out-{source}", shown_with=HONEST, on_card=("",),
    )  # fmt: skip


def _type_out(cell_type: str) -> Protocol:
    """A type of PBC's never seen. Familiarity asks its network; it cannot be right about it."""
    return Protocol(
        f"type-out:{cell_type}", measures="", without=(cell_type,),
        learn=partial(pbc_cells, without=cell_type),
        test=lambda data: [s for s in _pbc_test(data) if s.cell_type == cell_type],
        cell_types=tuple(t for t in EIGHT_TYPES if t != cell_type), model=f"type-out-{cell_type}",
    )  # fmt: skip


def _field_out(source: str, tested: str, tells: str) -> Protocol:
    """Fields of a laboratory that the detector never saw, nor a cell of it."""
    return Protocol(
        f"field-out:{source}", tested, tells, tests_on=source, without=(source,),
        trains="detector", measures="detector", model=f"field-out-{source}-detector",
    )  # fmt: skip


def _pbc_test(data: Path) -> list[Sample]:
    return read_pbc(data / "pbc", "test")


_ALL = (
    Protocol(
        HONEST, "Kaggle `TEST`", "the same task on photographs never seen: **the figure to quote**",
        tests_on="kaggle_wbc", learn=photographs, test=kaggle_test, on_card=("unseen-cells",),
    ),
    Protocol(
        "unseen-cells-detected",
        "the same images, each white cell found by the detector, cut out and named; the whole "
        "image beside it in the same run",
        "what finding the cell first changes; the detector learned from none of these photographs",
        tests_on="kaggle_wbc", learn=photographs, test=kaggle_test, trains="detector",
        shown_with=HONEST,
    ),
    Protocol(
        "seed", "a random tenth of all Kaggle images",
        "comparable with published figures; copies of most test cells are in training, so it "
        f"**leaks by design** and is never shown without `{HONEST}`",
        tests_on="kaggle_wbc", learn=lambda data: kaggle_at_random(data)[:2],
        test=lambda data: kaggle_at_random(data)[2], leaks=True, model="seed", shown_with=HONEST,
        on_card=("",),
    ),
    Protocol(
        "pbc-four", "the test split of PBC, four types",
        "an analyser's camera; the laboratory (not these cells) was in training",
        # The training cells of its four other types teach only what the further questions ask.
        tests_on="pbc", learn=lambda data: (pbc_cells(data)[0], of_four_types(pbc_cells(data)[1])),
        test=lambda data: of_four_types(_pbc_test(data)), on_card=("unseen-cells",),
    ),
    Protocol(
        "pbc", "the same split, eight types, and WBCAtt's eleven attributes of five of them",
        "likewise",
        tests_on="pbc", learn=pbc_cells, test=_pbc_test, cell_types=EIGHT_TYPES, on_card=("",),
    ),
    # What it keeps back is what unseen-cells and pbc test on.
    Protocol(
        "all-laboratories", measures="", learn=laboratories, test=kaggle_test,
        cell_types=EIGHT_TYPES,
    ),
    # BCCD and JTSC have too few cells beyond the four types to test on them.
    _lab_out(
        "bccd",
        "BCCD's single white cells, cut out around their boxes; train without BCCD and Kaggle",
        "a laboratory never seen", lambda data: of_four_types(read_bccd_cells(data / "bccd")),
    ),
    _lab_out(
        "jtsc", "JTSC, four types; train without it",
        "another laboratory, stain and camera, never trained on",
        lambda data: of_four_types(read_jtsc(data / "jtsc")),
    ),
    # PBC's three other types are then shown by nobody, and are not named.
    _lab_out(
        "pbc", "PBC's test part, the four types and basophils; train without PBC",
        "an analyser's camera, never seen",
        lambda data: [s for s in _pbc_test(data) if s.cell_type in FIVE_TYPES], FIVE_TYPES,
    ),
    _lab_out(
        "bcisc", "BCISC's five types; train without it",
        "a laboratory never seen; backgrounds from yellow to cyan",
        lambda data: read_bcisc(data / "bcisc"),
    ),
    _lab_out(
        "lisc", "LISC's five types; train without it",
        "a laboratory never seen; an over-exposed camera", lambda data: read_lisc(data / "lisc"),
    ),
    _type_out("basophil"),
    _type_out("erythroblast"),
    # Every field at hand but BCCD's test list, and every set's single cells, set onto fields.
    Protocol("all-fields", trains="detector", measures=""),
    # An older detector was trained by that name, on the rest of BCCD alone.
    Protocol(
        "bccd-detection", trains="", measures="detector", tests_on="bccd",
        without=("bcisc", "draaslan"),
    ),
    _field_out(
        "bcisc",
        "BCISC's 246 whole fields, 268 marked white cells: how many a detector that never saw the "
        "set finds (overlap 0.3 or more), and how many of those the model of `lab-out:bcisc` names "
        "rightly",
        "whole fields of a laboratory never seen; other white cells of a field are not marked, and "
        "say nothing",
    ),
    _field_out(
        "draaslan",
        "draaslan's 100 fields: average precision of white and red cells, by a detector that never "
        "saw it",
        "another stain and camera, never seen",
    ),
)  # fmt: skip
#: By name, in the order in which they are offered. Where an image set is named and no protocol is,
#: the first that tests on it is measured.
PROTOCOLS = {protocol.name: protocol for protocol in _ALL}
#: Those that a classifier, or a detector, is trained by.
CLASSIFIERS = {name: one for name, one in PROTOCOLS.items() if one.trains == "classifier"}
DETECTORS = {name: one for name, one in PROTOCOLS.items() if one.trains == "detector"}
#: A person's own cells, whose name their folder's follows.
FOLDERS = Protocol(
    "folders",
    "your own folder",
    "your slides. All images, or the tenth kept back where the model was trained on this folder",
)


@dataclass(frozen=True)
class Dataset:
    """Where the images are.

    Attributes:
        folder: the folder that holds the public image sets, or a person's own set.
        only: the public set that was named, empty where all of them were.
        own: whether it is a person's own set, a folder a cell type.
    """

    folder: Path
    only: str = ""
    own: bool = False


def find_dataset(path: Path) -> Dataset:
    """Say what ``path`` is: a public set, the folder of them, or a person's own set.

    Raises:
        DataError: it is not a folder, or holds nothing to evaluate on.
    """
    folder = path.resolve()
    if not folder.is_dir():
        raise DataError(f"No folder at {path}; give the folder of an image set.")
    if folder.name in SET_NAMES and _looks_public(folder):
        return Dataset(folder.parent, folder.name)
    if any(_looks_public(folder / name) for name in SET_NAMES):
        return Dataset(folder)
    return Dataset(folder, own=True)


def _looks_public(folder: Path) -> bool:
    return (
        any((folder / name).is_file() for name in ("originals.csv", "labels.csv"))
        or (folder / "wbc_types.csv").is_file()
    )


def protocol_named(name: str) -> Protocol:
    """Return the protocol of a name; of any other name, that of a person's own folders."""
    return PROTOCOLS.get(name, FOLDERS)


def choose_protocol(dataset: Dataset, name: str | None) -> str:
    """Return the classifier's protocol to use: the named one, or what fits the set.

    Raises:
        SettingsError: there is no such protocol, or it does not test on this set.
    """
    if dataset.own:
        if name not in (None, FOLDERS.name):
            raise SettingsError(
                f"{dataset.folder.name} is none of {', '.join(SET_NAMES)}: a folder for each "
                f"cell type is evaluated with --protocol {FOLDERS.name}, not {name}."
            )
        return FOLDERS.name
    fitting = [p.name for p in measuring("classifier") if dataset.only in ("", p.tests_on)]
    if name is None:
        name = next(iter(fitting), None)
    if name not in fitting:
        known = ", ".join(fitting) or "none"
        raise SettingsError(f"No protocol {name!r} for {dataset.only or 'these sets'}: {known}.")
    return name


def measuring(kind: Kind) -> list[Protocol]:
    """Return the protocols that measure a classifier, or a detector."""
    return [protocol for protocol in PROTOCOLS.values() if protocol.measures == kind]


def detector_protocol(name: str | None) -> Protocol | None:
    """Return the protocol of that name if it measures a detector.

    Raises:
        SettingsError: the name begins as some of those do, and is none of them.
    """
    known = {protocol.name: protocol for protocol in measuring("detector")}
    beginning, colon, _ = (name or "").partition(":")
    alike = [one for one in known if colon and one.startswith(f"{beginning}:")]
    if name not in known and alike:
        raise SettingsError(f"No protocol {name!r}: {', '.join(alike)}.")
    return known.get(name or "")


def default_model(name: str) -> str:
    """Return the model that a protocol measures unless another is named.

    Where the one that never saw its laboratory is not at hand, the shipped one stands in for it.
    """
    protocol = protocol_named(name)
    if protocol.own_model:
        return str(protocol.own_model)
    return protocol.model if protocol.leaks else bundle.DEFAULT_MODEL


def open_split(dataset: Dataset, protocol: str, trained_on: Iterable[str]) -> Split:
    """Return the split whose ``test`` part is evaluated.

    A person's own set is tested on whole, unless the model was trained on it: then on the
    part that training kept back.
    """
    if not dataset.own:
        return PROTOCOLS[protocol].split(dataset.folder)
    split = own_folders(dataset.folder)
    if split.protocol in trained_on:
        return split
    return Split(split.protocol, [], [], split.train + split.validation + split.test)
