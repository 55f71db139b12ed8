"""What a caller of ``classify`` may choose, checked."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from werkzeug.datastructures import MultiDict

from hemavision.reading.bundle import Manifest
from hemavision.reading.explaining.overlay import OPACITY
from hemavision.web.errors import Problem

HEATMAPS = ("none", "overlay", "raw", "all")
NAMES = ("heatmaps", "cell_type", "attribute", "opacity")
#: A number as JSON writes it; Python's ``float`` would also take "1_0", "nan" and "٣".
NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?", re.ASCII)


@dataclass(frozen=True)
class HeatmapOptions:
    """How a caller wants the answer.

    Attributes:
        heatmaps: one of :data:`HEATMAPS`; ``all`` is overlay and raw.
        cell_type: whose map the overlay shows; None is the predicted one's.
        attribute: ``"granule_colour=red"``: the overlay shows this value's map instead.
        opacity: of the map in the overlay, 0 to 1.
    """

    heatmaps: str = "none"
    cell_type: str | None = None
    attribute: str | None = None
    opacity: float = OPACITY

    @property
    def overlay(self) -> bool:
        """Whether the answer carries a picture."""
        return self.heatmaps in ("overlay", "all")

    @property
    def raw(self) -> bool:
        """Whether the answer carries the maps' numbers."""
        return self.heatmaps in ("raw", "all")


def query_values(values: MultiDict[str, str], known: Collection[str]) -> dict[str, str]:
    """Return text values given once each, under known names.

    Raises:
        Problem: a name is unknown or given twice.
    """
    _refuse_unknown(values, known)
    for name, found in values.lists():
        if len(found) > 1:
            raise Problem("bad-option", f"{name} is given {len(found)} times; give it once.")
    return values.to_dict()


def text_options(values: Mapping[str, str]) -> dict[str, Any]:
    """Give query or form values the types that JSON would give them."""
    typed: dict[str, Any] = dict(values)
    if NUMBER.fullmatch(typed.get("opacity", "")):
        typed["opacity"] = float(typed["opacity"])
    return typed


def attribute_values(manifest: Manifest) -> tuple[str, ...]:
    """Return what ``attribute`` may be: every value of every attribute, ``name=value``."""
    return tuple(
        f"{name}={value}" for name, kinds in manifest.morphology.items() for value in kinds
    )


def option_schemas(manifest: Manifest) -> dict[str, dict[str, Any]]:
    """Return the JSON schema of each option of ``classify``."""
    options: dict[str, dict[str, Any]] = {
        "heatmaps": {"type": "string", "enum": list(HEATMAPS), "default": HEATMAPS[0]},
        "cell_type": {
            "type": "string",
            "enum": list(manifest.cell_types),
            "description": "Whose map the overlay shows; the predicted type's by default.",
        },
        "opacity": {"type": "number", "minimum": 0, "maximum": 1, "default": OPACITY},
    }
    known = attribute_values(manifest)
    if known:
        options["attribute"] = {
            "type": "string",
            "enum": list(known),
            "description": "The overlay shows the map of this value instead of a type's.",
        }
    return options


def check_options(
    values: Mapping[str, Any], manifest: Manifest, otherwise: HeatmapOptions
) -> HeatmapOptions:
    """Return the options that values of JSON types ask for, ``otherwise`` where they do not.

    Raises:
        Problem: a name is unknown or a value cannot be used; the detail says what can.
    """
    _refuse_unknown(values, NAMES)
    heatmaps = values.get("heatmaps", otherwise.heatmaps)
    if heatmaps not in HEATMAPS:
        raise _unusable("heatmaps", heatmaps, f"one of {', '.join(HEATMAPS)}")
    cell_type = values.get("cell_type", otherwise.cell_type)
    if "cell_type" in values and cell_type not in manifest.cell_types:
        raise _unusable("cell_type", cell_type, f"one of {', '.join(manifest.cell_types)}")
    attribute = values.get("attribute", otherwise.attribute)
    known = attribute_values(manifest)
    if "attribute" in values and attribute not in known:
        wanted = f"one of {', '.join(known)}" if known else "left out: this model knows none"
        raise _unusable("attribute", attribute, wanted)
    opacity = values.get("opacity", otherwise.opacity)
    number = isinstance(opacity, (int, float)) and not isinstance(opacity, bool)
    # Written so that a NaN is refused too.
    if not number or not 0 <= opacity <= 1 or not math.isfinite(opacity):
        raise _unusable("opacity", opacity, "a number from 0 to 1")
    return HeatmapOptions(heatmaps, cell_type, attribute, float(opacity))


def _refuse_unknown(values: Collection[str], known: Collection[str]) -> None:
    unknown = [name for name in values if name not in known]
    if unknown:
        raise Problem(
            "bad-option",
            f"Unknown: {', '.join(map(repr, unknown[:10]))}. Known: {', '.join(sorted(known))}.",
        )


def _unusable(name: str, value: object, wanted: str) -> Problem:
    return Problem("bad-option", f"{name} is {str(value)[:80]!r}; it must be {wanted}.")
