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


#: The total white cell counts that are believed, 10⁹/L. The least is ten cells in a microlitre,
#: which no counter tells from none; above the most a number is in another unit.
LEAST_WHITE_CELLS, MOST_WHITE_CELLS = 0.01, 1_000.0
#: How many of a unit are 10⁹/L, in small letters, without blanks and with u for µ.
UNITS = {
    "10^9/l": 1,
    "e9/l": 1,
    "x10^9/l": 1,
    "g/l": 1,
    "gpt/l": 1,
    "10^3/ul": 1,
    "x10^3/ul": 1,
    "10^3/mm3": 1,
    "k/ul": 1,
    "/nl": 1,
    "/ul": 1_000,
    "cells/ul": 1_000,
    "/mm3": 1_000,
    "cells/mm3": 1_000,
    "/l": 1_000_000_000,
}
_NUMBER = re.compile(r"\s*([0-9]+(?:[.,][0-9]+)?(?:e[+-]?[0-9]+)?)\s*(.*)", re.ASCII | re.I)
_SAME = str.maketrans({"µ": "u", "μ": "u", "×": "x", "⁹": "9", "³": "3", "*": "x"})


def white_cells_from(text: str) -> float:
    """Return a total white cell count in 10⁹/L, written with its unit or as a number of 10⁹/L.

    ``"6.2"``, ``"6,2 G/l"``, ``"6.2 x 10^3/µl"`` and ``"6200/ul"`` are 6.2.

    Raises:
        SettingsError: no such number, an unknown unit, or a number that cannot be in its unit.
    """
    found = _NUMBER.fullmatch(text)
    unit = _unit_of(found.group(2)) if found else ""
    if found is None or (unit and unit not in UNITS):
        raise SettingsError(
            f"{text.strip()[:40]!r} is no white cell count; write 6.2 (10⁹/L), 6200/ul or 6.2 G/l."
        )
    number = float(found.group(1).replace(",", "."))
    return checked_white_cells(number / UNITS[unit] if unit else number)


def checked_white_cells(value: float) -> float:
    """Return a total white cell count in 10⁹/L if it can be one.

    Raises:
        SettingsError: it cannot; where it can only be in another unit, what was probably meant is
            in the message.
    """
    if LEAST_WHITE_CELLS <= value <= MOST_WHITE_CELLS:
        return value
    meant = value / 1000
    hint = ""
    if LEAST_WHITE_CELLS <= meant <= MOST_WHITE_CELLS:
        hint = f" {value:,.10g} cells per µl are {meant:,.10g}."
    raise SettingsError(
        f"The total white cell count is {value:,.10g}; it must be in 10⁹/L, "
        f"{LEAST_WHITE_CELLS:g} to {MOST_WHITE_CELLS:,.0f}.{hint}"
    )


def _unit_of(text: str) -> str:
    plain = re.sub(r"\s+", "", text.translate(_SAME)).lower()
    # The power is also written without its sign: 109/l, 103/ul.
    return re.sub(r"10(?=[93]/)", "10^", plain)
