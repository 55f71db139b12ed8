"""The cell types, their order, and how each image set names them."""

from __future__ import annotations

#: The four types of the Kaggle task, in the order of the first network's outputs.
FOUR_TYPES = ("eosinophil", "lymphocyte", "monocyte", "neutrophil")
#: The types that a differential of healthy blood counts, and three further laboratories show.
FIVE_TYPES = (*FOUR_TYPES, "basophil")
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
#: What a person sees beyond what the models name.
BEYOND_MODELS = (
    "blast",
    "plasma_cell",
    "reactive_lymphocyte",
    "smudge_cell",
    "parasite",
    "unidentified",
    "red_cell",
    "artefact",
)
#: A red cell that still has its nucleus: reported for each hundred white cells.
NUCLEATED_RED = "erythroblast"
#: White cells that the border of a field cuts: whole ones alone are counted.
CUT = "cut"
#: What a slide holds that is no white cell, or none that can be told: never in a differential's
#: denominator.
COUNTED_APART = frozenset(
    {NUCLEATED_RED, "platelet", "red_cell", "smudge_cell", "parasite", "artefact", CUT}
)
#: Bins of cells whose type nobody has decided: not counted until a person does.
NOT_DECIDED = frozenset({"undecided", "unfamiliar"})
#: What nobody has decided on where a count stopped: signed with the case, and in no share.
NOT_COUNTED = "not_counted"
#: What a cell is called that a reader cannot name; what is unfamiliar to the model weighs as much.
UNIDENTIFIED = "unidentified"
#: What no image set at hand names, and so no model.
UNNAMED = (
    "band forms apart from segmented neutrophils", "blasts", "reactive or malignant lymphocytes",
    "smudge cells", "parasites", "artefacts",
)  # fmt: skip
#: What an image set calls a type where that is not its name.
_ALSO_CALLED = {"ig": "immature_granulocyte"}


def cell_type_of(label: str) -> str:
    """Return the cell type for an image set's own label.

    ``"EOSINOPHIL"`` → ``"eosinophil"``, ``"ig"`` and ``"Immature granulocyte"`` →
    ``"immature_granulocyte"``.
    """
    name = label.strip().lower().replace(" ", "_")
    return _ALSO_CALLED.get(name, name)
