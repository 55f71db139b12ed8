"""One vocabulary for what people and analysers call the cells of a differential.

Analysers' codes: Sysmex, XN series ASTM host interface specifications (R314185): NEUT, LYMPH, MONO,
EO, BASO, IG, NRBC; Mindray, BC-6800 communication protocol: Neu, Lym, Mon, Eos, Bas, IMG, NRBC;
Beckman Coulter: NE, LY, MO, EO, BA, EGC; Siemens Advia: LUC (large unstained cells). Names of a
manual count (segs, polys, bands, stabs, metas): as tables of reference values print them.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from hemavision.errors import SettingsError
from hemavision.records.cells import BEYOND_MODELS, EIGHT_TYPES

#: Type → its other names, in small letters and without a plural s.
NAMES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "neutrophil": ("neut", "neutro", "neu", "ne", "neutrophilic granulocyte"),
        "eosinophil": ("eosin", "eosino", "eos", "eo", "eosinophilic granulocyte"),
        "basophil": ("baso", "bas", "ba", "basophilic granulocyte"),
        "lymphocyte": ("lymph", "lympho", "lym", "ly"),
        "monocyte": ("mono", "mon", "mo"),
        "immature_granulocyte": ("immature gran", "ig", "img", "egc", "left shift"),
        "erythroblast": ("nrbc", "normoblast", "nucleated red cell", "nucleated red blood cell"),
        "platelet": ("plt", "thrombocyte"),
        "blast": ("blast cell", "myeloblast", "lymphoblast"),
        "plasma_cell": ("plasma", "plasmacyte"),
        "reactive_lymphocyte": (
            "atypical lymphocyte", "variant lymphocyte", "atypical lymph", "variant lymph",
            "reactive lymph",
        ),
        "smudge_cell": ("smudge", "basket cell", "gumprecht"),
        "parasite": ("plasmodium", "malaria parasite", "trypanosome", "microfilaria"),
        "unidentified": ("other", "unclassified", "unknown", "luc", "large unstained cell"),
        "red_cell": ("rbc", "red blood cell", "erythrocyte"),
        "artefact": ("artifact",),
    }
)  # fmt: skip
#: A part of a type → the type: parts are added up.
PARTS: Mapping[str, str] = MappingProxyType(
    {
        "segmented neutrophil": "neutrophil",
        "seg": "neutrophil",
        "poly": "neutrophil",
        "band": "neutrophil",
        "band neutrophil": "neutrophil",
        "stab": "neutrophil",
        "metamyelocyte": "immature_granulocyte",
        "meta": "immature_granulocyte",
        "myelocyte": "immature_granulocyte",
        "myelo": "immature_granulocyte",
        "promyelocyte": "immature_granulocyte",
        "promyelo": "immature_granulocyte",
    }
)
_MEANS = {
    _plain: cell_type
    for cell_type in (*EIGHT_TYPES, *BEYOND_MODELS)
    for _plain in (cell_type.replace("_", " "), *NAMES[cell_type])
}
_NEAREST = 3


def type_named(name: str, also: Iterable[str] = ()) -> str:
    """Return the cell type that a name means, however it is written.

    Args:
        name: as typed, read or sent: any case, blanks, hyphens or underscores, plural or not, with
            or without the ``%`` or ``#`` of an analyser's code.
        also: types that are known beside ours, such as those of a laboratory's own model.

    Raises:
        SettingsError: it is none; the nearest known names are in the message.
    """
    plain = _plain_of(name)
    own = {_plain_of(known): known for known in also}
    for table in (own, _MEANS, PARTS):
        for form in (plain, plain.removesuffix("s")):
            if form in table:
                return table[form]
    known = dict.fromkeys([*own, *_MEANS, *PARTS])
    near = difflib.get_close_matches(plain, known, _NEAREST, cutoff=0.6)
    hint = f"did you mean {', '.join(near)}?" if near else f"there are {', '.join(NAMES)}."
    raise SettingsError(f"{name.strip()[:80]!r} is no cell type here: {hint}")


def add_up(numbers: Iterable[tuple[str, float]], also: Iterable[str] = ()) -> dict[str, float]:
    """Return type → number of named numbers; parts of a type (segs, bands) are added up.

    Args:
        numbers: names with their numbers, in order.
        also: as for :func:`type_named`.

    Raises:
        SettingsError: a name is unknown or stands there twice, or a type stands beside its parts.
    """
    also = tuple(also)
    found: dict[str, float] = {}
    said: dict[str, list[str]] = {}
    for name, number in numbers:
        cell_type, part = type_named(name, also), _part_of(name)
        before = said.setdefault(cell_type, [])
        if before and (not part or not all(map(_part_of, before))):
            raise SettingsError(
                f"{before[0].strip()!r} and {name.strip()!r} are both {cell_type}: give the whole, "
                "or its parts alone."
            )
        if part in map(_part_of, before):
            raise SettingsError(f"{name.strip()!r} stands there twice.")
        before.append(name)
        found[cell_type] = found.get(cell_type, 0) + number
    return found


def _part_of(name: str) -> str:
    """Return the name of a part of a type as it stands in the table; nothing for a whole type."""
    plain = _plain_of(name)
    if plain in _MEANS or plain.removesuffix("s") in _MEANS:
        return ""
    return next((form for form in (plain, plain.removesuffix("s")) if form in PARTS), "")


def _plain_of(name: str) -> str:
    return re.sub(r"[\s_-]+", " ", name.strip().strip("%#").casefold()).strip()
