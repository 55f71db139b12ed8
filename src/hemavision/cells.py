"""The cell types, their order, and how each image set names them."""

from __future__ import annotations

#: The four types of the Kaggle task, in the order of the first network's outputs.
FOUR_TYPES = ("eosinophil", "lymphocyte", "monocyte", "neutrophil")
#: All types that any image set names, in the order of the eight-type network's outputs.
EIGHT_TYPES = (
    "neutrophil",
    "eosinophil",
    "basophil",
    "lymphocyte",
    "monocyte",
    "immature_granulocyte",
    "erythroblast",
    "platelet",
)
#: What an image set calls a type where that is not its name.
_ALSO_CALLED = {"ig": "immature_granulocyte"}


def cell_type_of(label: str) -> str:
    """Return the cell type for an image set's own label.

    ``"EOSINOPHIL"`` → ``"eosinophil"``, ``"ig"`` and ``"Immature granulocyte"`` →
    ``"immature_granulocyte"``.
    """
    name = label.strip().lower().replace(" ", "_")
    return _ALSO_CALLED.get(name, name)
