"""The nouns that flow through HemaVision, as frozen records with a JSON form."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta

from hemavision.records.json_values import (
    HIDDEN,
    Positive,
    Record,
    Sha256,
    Share,
    Side,
    member,
)

Notice = Literal["For research use only. Not for use in diagnostic procedures."]
NOTICE: Notice = "For research use only. Not for use in diagnostic procedures."


class Noticed(Record):
    """A record whose JSON form says what it must not be used for."""

    @property
    @member
    def notice(self) -> Notice:
        """For research use only."""
        return NOTICE


class Status(StrEnum):
    """How far to trust an answer."""

    #: The probability is as high as where the model is nearly always right.
    CONFIDENT = "confident"
    #: A person should look.
    CHECK = "check"
    #: The model has not been trained on anything that looks like this.
    UNFAMILIAR = "unfamiliar"


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels, right and bottom exclusive. May reach outside its image."""

    left: int
    top: int
    right: int
    bottom: int

    @classmethod
    def square(cls, centre_x: float, centre_y: float, side: float) -> Box:
        """Return the square of ``side`` pixels around a centre, on whole pixels."""
        whole_side = max(1, round(side))
        left, top = round(centre_x - whole_side / 2), round(centre_y - whole_side / 2)
        return cls(left, top, left + whole_side, top + whole_side)


class CellKind(StrEnum):
    """What a detector tells apart in a field."""

    WHITE = "white_cell"
    RED = "red_cell"
    PLATELET = "platelet"


@dataclass(frozen=True)
class Detection:
    """A cell found in a field: its kind, its box in pixels of the field, a score of 0 to 1."""

    kind: CellKind
    box: Box
    score: Share


@dataclass(frozen=True)
class ModelReference:
    """Which weights gave an answer: the bundle's name and the SHA-256 of its file."""

    name: str
    sha256: Sha256


@dataclass(frozen=True)
class Reason:
    """What was seen of one attribute of a cell.

    Attributes:
        attribute: its name.
        value: the most probable one.
        words: the value as a morphologist would say it.
        probability: of the value, 0 to 1.
        weight: how far it argues for the named type against the runner-up (natural logarithm of
            a ratio); below zero it argues against.
    """

    attribute: Annotated[str, Meta(examples=["granule_colour"])]
    value: Annotated[str, Meta(examples=["red"])]
    words: Annotated[str, Meta(examples=["red granules"])]
    probability: Share
    weight: float


@dataclass(frozen=True)
class Reasons:
    """What was seen of a cell and what it argues for.

    Attributes:
        seen: nucleus, granules and cytoplasm in one line; empty for a type whose looks were never
            taught.
        compared_with: the most probable other type whose looks are known, if there is one.
        attributes: one reason each, the weightiest first.
        contradictions: what was surely seen and the named type's cells hardly ever show, in words.
    """

    seen: str
    compared_with: str | None
    attributes: tuple[Reason, ...]
    contradictions: tuple[str, ...]


@dataclass(frozen=True)
class Prediction(Noticed):
    """What a model says about one image.

    Attributes:
        cell_type: the most probable type.
        confidence: its calibrated probability, 0 to 1.
        probabilities: of every type, in the model's order; they sum to 1.
        status: how far to trust it.
        novelty: distance to the nearest cells the model knows, in units of the distance
            beyond which an image counts as unfamiliar: above 1 is unfamiliar.
        focus: share of the named type's heatmap that lies on the located cell, 0 to 1.
        looked_elsewhere: whether that is less than nearly all validation cells have.
        box: where in the image the model looked, in pixels.
        width: of the image, in pixels.
        height: of the image, in pixels.
        model: which weights.
        milliseconds: from decoded image to this record, its share of a batch.
        morphology: attribute → its values → their probability, where the model was taught
            it; empty otherwise. The values of an attribute sum to 1.
        reasons: what that argues for; ``None`` where the model was not taught it.
        foreign_colours: whether light and stain are those of no laboratory that the model learned
            from: its looks then count less, and how often a type is met in blood counts more.
        heatmaps: float32 K×h×w over ``box``, ≥ 0, Grad-CAM of each type before
            normalisation; left out of the JSON form and of equality.
        morphology_heatmaps: attribute → float32 V×h×w, the same for each of its values.
        embedding: float32 D, how the network saw the image before it named it; likewise.
    """

    cell_type: str
    confidence: Share
    probabilities: dict[str, Share]
    status: Status
    novelty: Positive
    focus: Share
    looked_elsewhere: bool
    box: Box
    width: Side
    height: Side
    model: ModelReference
    milliseconds: Positive
    morphology: dict[str, dict[str, Share]] = field(default_factory=dict)
    reasons: Reasons | None = None
    # Records of before this was told lack it.
    foreign_colours: bool = False
    heatmaps: np.ndarray | None = field(default=None, compare=False, repr=False, metadata=HIDDEN)
    morphology_heatmaps: dict[str, np.ndarray] = field(
        default_factory=dict, compare=False, repr=False, metadata=HIDDEN
    )
    embedding: np.ndarray | None = field(default=None, compare=False, repr=False, metadata=HIDDEN)

    def heatmap(self, name: str | None = None, value: str | None = None) -> np.ndarray:
        """Return one map, float32 h×w, ≥ 0.

        Args:
            name: a cell type, the predicted one by default; or an attribute.
            value: of the attribute.

        Raises:
            KeyError: the model does not know ``name`` or ``value``, or the maps were not kept.
        """
        if self.heatmaps is None:
            raise KeyError("This prediction carries no heatmaps (it was read from JSON).")
        if value is not None:
            return self._attribute_heatmap(str(name), value)
        wanted = name or self.cell_type
        if wanted not in self.probabilities:
            known = ", ".join(self.probabilities)
            raise KeyError(f"No cell type {wanted!r}; the model knows {known}.")
        map_: np.ndarray = self.heatmaps[list(self.probabilities).index(wanted)]
        return map_

    def _attribute_heatmap(self, attribute: str, value: str) -> np.ndarray:
        values = list(self.morphology.get(attribute, ()))
        if value not in values:
            known = ", ".join(f"{name}={kind}" for name, v in self.morphology.items() for kind in v)
            raise KeyError(f"No {attribute}={value}; the model knows {known or 'no attributes'}.")
        found: np.ndarray = self.morphology_heatmaps[attribute][values.index(value)]
        return found

    @property
    @member
    def familiarity(self) -> Share:
        """How like the known cells this one is: 1 is alike, below 0.5 is unfamiliar."""
        return float(0.5 ** (self.novelty**2))

    def looks(self) -> dict[str, tuple[str, float]]:
        """Return attribute → its most probable value and that value's probability."""
        return {
            name: max(v.items(), key=lambda item: item[1]) for name, v in self.morphology.items()
        }
