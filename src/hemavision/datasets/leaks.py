"""Whether a model has seen what it is tested on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hemavision.datasets.protocols import CLASSIFIERS, Dataset
from hemavision.datasets.samples import Sample
from hemavision.datasets.splits import Split

#: Kinds of leak whose figures are never shown alone.
FLATTERING = ("by-design", "leaky")


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
        own = _overlap("by-design", split.train + split.validation, split.test)
    elif _past_unknown(training):
        own = Leak("unknown")
    else:
        own = Leak("none")
    others = names - {split.protocol}
    if not dataset.own and others <= CLASSIFIERS.keys():
        parts = [part for name in others for part in CLASSIFIERS[name].learn(dataset.folder)]
        seen = [sample for part in parts for sample in part]
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


def _overlap(kind: str, seen: list[Sample], test: list[Sample]) -> Leak:
    originals = {s.original for s in seen} & {s.original for s in test}
    images = {s.path for s in seen} & {s.path for s in test}
    return Leak(kind, len(originals), len(images))
