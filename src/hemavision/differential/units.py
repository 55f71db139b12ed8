"""Total white cell counts as people and analysers write them, in 10⁹/L."""

from __future__ import annotations

import re

from hemavision.errors import SettingsError

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
