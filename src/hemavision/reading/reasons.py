"""Reasons: what was seen of a cell, in a morphologist's words, and what it argues for.

The attributes and their values are WBCAtt's (Tsutsui et al. 2023). How often each type's training
cells show each value stands in the bundle's manifest; the logarithm of two types' shares says how
far a value argues for the one against the other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from hemavision.records.results import Reason, Reasons

#: attribute → value → what a morphologist says of it.
WORDS = {
    "cell_size": {"big": "large cell", "small": "small cell"},
    "cell_shape": {"round": "round outline", "irregular": "irregular outline"},
    "nucleus_shape": {
        "segmented-bilobed": "bilobed nucleus",
        "segmented-multilobed": "multilobed nucleus",
        "unsegmented-band": "band-shaped nucleus",
        "unsegmented-indented": "indented nucleus",
        "unsegmented-round": "round nucleus",
        "irregular": "irregular nucleus",
    },
    "nuclear_cytoplasmic_ratio": {
        "high": "high nuclear-cytoplasmic ratio",
        "low": "low nuclear-cytoplasmic ratio",
    },
    "chromatin_density": {"densely": "dense chromatin", "loosely": "loose chromatin"},
    "cytoplasm_vacuole": {"yes": "vacuoles", "no": "no vacuoles"},
    "cytoplasm_texture": {"clear": "clear cytoplasm", "frosted": "frosted cytoplasm"},
    "cytoplasm_colour": {
        "light blue": "light blue cytoplasm",
        "blue": "blue cytoplasm",
        "purple blue": "purple-blue cytoplasm",
    },
    "granule_type": {
        "small": "small granules",
        "round": "round granules",
        "coarse": "coarse granules",
        "nil": "no granules",
    },
    "granule_colour": {
        "pink": "pink granules",
        "red": "red granules",
        "purple": "purple granules",
        "nil": "no coloured granules",
    },
    "granularity": {"yes": "granular cytoplasm", "no": "cytoplasm without granules"},
}
#: A value argues for or against from this weight on: it is e times as common in one of the types.
ARGUES_FROM = 1.0
#: A value that was read this surely, in a type whose cells show it more rarely than that, is a
#: contradiction.
SURE, RARE = 0.9, 0.02
#: The least share that counts: no training set shows all there is.
FLOOR = 0.005

Shares = Mapping[str, Mapping[str, float]]


def give_reasons(
    morphology: Mapping[str, Mapping[str, float]],
    probabilities: Mapping[str, float],
    looks: Mapping[str, Shares],
) -> Reasons:
    """Say what was seen and what it argues for.

    Args:
        morphology: attribute → value → probability, as read.
        probabilities: of every type.
        looks: type → attribute → value → share of the type's training cells, for the types
            whose cells' looks are known.

    Returns:
        The reasons for the most probable type against the next one whose looks are known. Where
        the looks of one of the two are not, the weights are 0; where only other types' are,
        nothing is said to be seen.
    """
    ranked = sorted(probabilities, key=lambda name: -probabilities[name])
    named = ranked[0]
    rivals = [name for name in ranked[1:] if name in looks] if named in looks else []
    rival = rivals[0] if rivals else None
    reasons = []
    for attribute, values in morphology.items():
        value, probability = max(values.items(), key=lambda item: item[1])
        weight = _weight(values, looks[named][attribute], looks[rival][attribute]) if rival else 0.0
        words = WORDS.get(attribute, {}).get(value, f"{attribute}: {value}")
        reasons.append(Reason(attribute, value, words, probability, weight))
    against = [
        reason.words
        for reason in reasons
        if named in looks
        and reason.probability >= SURE
        and looks[named][reason.attribute].get(reason.value, 0.0) < RARE
    ]
    telling = sorted(reasons, key=lambda reason: -abs(reason.weight))
    # What was never taught is no finding: it stays among the attributes, at weight 0.
    seen = _sentence(reasons) if named in looks or not looks else ""
    return Reasons(seen, rival, tuple(telling), tuple(against))


def _weight(
    values: Mapping[str, float], named: Mapping[str, float], rival: Mapping[str, float]
) -> float:
    """Return the expected log ratio of two types' shares over what may have been seen."""
    return sum(
        probability
        * math.log(max(named.get(value, 0.0), FLOOR) / max(rival.get(value, 0.0), FLOOR))
        for value, probability in values.items()
    )


def _sentence(reasons: list[Reason]) -> str:
    """Return nucleus, granules and cytoplasm in one line."""
    found = {reason.attribute: reason for reason in reasons}
    parts = [found["nucleus_shape"].words] if "nucleus_shape" in found else []
    kind, colour = found.get("granule_type"), found.get("granule_colour")
    if kind and colour:
        none = "nil" in (kind.value, colour.value)
        parts.append("no granules" if none else f"{kind.value} {colour.value} granules")
    if "cytoplasm_colour" in found:
        parts.append(found["cytoplasm_colour"].words)
    return ", ".join(parts)
