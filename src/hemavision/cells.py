"""The cell types, their order, and how each image set names them."""

from __future__ import annotations

#: The four types of the Kaggle task, in the order of the network's outputs.
FOUR_TYPES = ("eosinophil", "lymphocyte", "monocyte", "neutrophil")


def cell_type_of(label: str) -> str:
    """Return the cell type for an image set's own label (``"EOSINOPHIL"`` → ``"eosinophil"``)."""
    return label.strip().lower()
