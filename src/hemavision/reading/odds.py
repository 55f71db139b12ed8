"""How seldom blood holds a type: a third of that counts where a laboratory's colours are foreign.

A network that never met a laboratory calls what it does not know after its rare types: it has been
shown as many basophils as neutrophils, and blood holds one in a hundred. A third of the odds, as a
logarithm, names more cells rightly in laboratories never seen, and costs nothing at home, where
they are not asked for (docs/decisions/0010-eye.md has the table, ``scripts/looks.py`` makes it).
"""

from __future__ import annotations

import math
from collections.abc import Mapping

#: Logarithms of the odds against the usual types: of a hundred white cells a few are eosinophils,
#: one is a basophil, and the others are hardly met in health.
ODDS = {
    "eosinophil": -0.9,
    "basophil": -2.7,
    "immature_granulocyte": -5.4,
    "erythroblast": -5.4,
    "platelet": -5.4,
}
#: How much of them counts.
WEIGHT = 1 / 3


def leaning(probabilities: Mapping[str, float], weight: float = WEIGHT) -> dict[str, float]:
    """Return probabilities (type → 0 to 1, they sum to 1) with the odds of blood counted in."""
    weighed = {
        name: p * math.exp(weight * ODDS.get(name, 0.0)) for name, p in probabilities.items()
    }
    total = sum(weighed.values())
    return {name: value / total for name, value in weighed.items()}
