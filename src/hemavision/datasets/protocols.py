"""What to test on, with which model, and whether that model has seen it before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hemavision.datasets.samples import Sample
from hemavision.datasets.splits import PROTOCOLS, Split, own_folders
from hemavision.errors import DataError, SettingsError
from hemavision.reading import bundle
from hemavision.reading.bundle import DEFAULT_MODEL

DEFAULT_PROTOCOL = "unseen-cells"
#: What a protocol that leaks by design is always shown with.
HONEST_PROTOCOL = "unseen-cells"
#: The model that a protocol measures, where that is not the default and nothing stands in for it.
OWN_MODELS = {"seed": "seed"}
#: Protocols on whose test images every shipped model was trained.
NO_HONEST_MODEL = (
    "seed",
    "lab-out:bccd",
    "lab-out:jtsc",
    "lab-out:pbc",
    "lab-out:bcisc",
    "lab-out:lisc",
)
FOLDERS = "folders"
#: The images of another protocol, by detect → crop → classify.
DETECTED, DETECTED_FROM = "unseen-cells-detected", "unseen-cells"
#: The image set that a protocol tests on.
TESTS_ON = {
    "seed": "kaggle_wbc",
    "unseen-cells": "kaggle_wbc",
    DETECTED: "kaggle_wbc",
    "pbc-four": "pbc",
    "lab-out:bccd": "bccd",
    "lab-out:jtsc": "jtsc",
    "lab-out:pbc": "pbc",
    "lab-out:bcisc": "bcisc",
    "lab-out:lisc": "lisc",
    "pbc": "pbc",
}
#: What the protocols of a laboratory never seen begin with.
LAB_OUT = "lab-out:"
#: Kinds of leak whose figures are never shown alone.
FLATTERING = ("by-design", "leaky")
SET_NAMES = ("kaggle_wbc", "pbc", "bccd", "jtsc", "bcisc", "lisc")


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


@dataclass(frozen=True)
class Leak:
    """What a model and its test images share.

    Attributes:
        kind: ``none``; ``by-design`` (the protocol's own definition); ``leaky`` (the model
            was trained or selected on test cells); ``unknown`` (its manifest does not say).
        shared_originals: photographs on both sides.
        shared_images: image files on both sides.
    """

    kind: str
    shared_originals: int = 0
    shared_images: int = 0

    @property
    def flatters(self) -> bool:
        """Whether the figure has to stand beside an honest one."""
        return self.kind in FLATTERING


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


def choose_protocol(dataset: Dataset, name: str | None) -> str:
    """Return the protocol to use: the named one, or what fits the set.

    Raises:
        SettingsError: there is no such protocol, or it does not test on this set.
    """
    if dataset.own:
        if name not in (None, FOLDERS):
            raise SettingsError(
                f"{dataset.folder.name} is none of {', '.join(SET_NAMES)}: a folder for each "
                f"cell type is evaluated with --protocol {FOLDERS}, not {name}."
            )
        return FOLDERS
    fitting = [p for p, tested in TESTS_ON.items() if dataset.only in ("", tested)]
    if name is None:
        name = DEFAULT_PROTOCOL if DEFAULT_PROTOCOL in fitting else next(iter(fitting), None)
    if name not in fitting:
        known = ", ".join(fitting) or "none"
        raise SettingsError(f"No protocol {name!r} for {dataset.only or 'these sets'}: {known}.")
    return name


def is_measured(protocol: str) -> bool:
    """Whether a protocol has a model that never saw what it tests on, or by its words may have.

    An installed wheel has none for a laboratory never seen, nor the one for ``seed``.
    """
    own = protocol in OWN_MODELS or protocol.startswith(LAB_OUT)
    return not own or _in_clone(protocol).is_file()


def default_model(protocol: str) -> str:
    """Return the model that a protocol measures unless another is named.

    The default one, or in a clone of the repository the protocol's own.
    """
    own = _in_clone(protocol)
    return str(own) if own.is_file() else OWN_MODELS.get(protocol, DEFAULT_MODEL)


def _in_clone(protocol: str) -> Path:
    return bundle.IN_CLONE / f"{protocol.replace(':', '-')}.onnx"


def open_split(dataset: Dataset, protocol: str, trained_on: Iterable[str]) -> Split:
    """Return the split whose ``test`` part is evaluated.

    A person's own set is tested on whole, unless the model was trained on it: then on the
    part that training kept back.
    """
    if protocol == DETECTED:
        return replace(PROTOCOLS[DETECTED_FROM](dataset.folder), protocol=DETECTED)
    if not dataset.own:
        return PROTOCOLS[protocol](dataset.folder)
    split = own_folders(dataset.folder)
    if split.protocol in trained_on:
        return split
    return Split(split.protocol, [], [], split.train + split.validation + split.test)


def trained_protocols(training: dict[str, Any]) -> set[str]:
    """Return every protocol that a manifest's training record names, pretraining included."""
    found: set[str] = set()
    for key, value in training.items():
        if isinstance(value, dict):
            found |= trained_protocols(value)
        elif key == "protocol" and isinstance(value, str):
            found.add(value)
    return found


def find_leak(training: dict[str, Any], dataset: Dataset, split: Split) -> Leak:
    """Compare a model's training images, by its manifest, with a split's test images.

    Validation images count as training: the weights were chosen on them. So do the images
    behind weights that training started from, recorded as a training record under ``start``.
    """
    names = trained_protocols(training)
    if not split.honest:
        own = _overlap("by-design", _seen(split), split.test)
    elif _past_unknown(training):
        own = Leak("unknown")
    else:
        own = Leak("none")
    others = names - {split.protocol}
    if not dataset.own and others <= PROTOCOLS.keys():
        seen = [s for name in others for s in _seen(PROTOCOLS[name](dataset.folder))]
        other = _overlap("leaky", seen, split.test)
        return other if other.shared_originals else own
    # A set of one's own cannot be compared with the public ones, nor the reverse.
    return own if own.flatters or not others else Leak("unknown")


def _past_unknown(training: dict[str, Any]) -> bool:
    """Whether the weights, or those that training started from, come from who knows what."""
    start = training.get("start")
    if isinstance(start, dict):
        return _past_unknown(start)
    return "protocol" not in training or start is not None


def _seen(split: Split) -> list[Sample]:
    return split.train + split.validation


def _overlap(kind: str, seen: list[Sample], test: list[Sample]) -> Leak:
    originals = {s.original for s in seen} & {s.original for s in test}
    images = {s.path for s in seen} & {s.path for s in test}
    return Leak(kind, len(originals), len(images))
