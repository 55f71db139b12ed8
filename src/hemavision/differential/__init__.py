"""The differential: what was counted, how sure a count can be, and what it may be compared with.

Plain functions over plain counts; nothing here knows images, models or cases.
"""

from hemavision.differential.comparison import Analyser, ComparedShare, Comparison, compare
from hemavision.differential.correction import Confusion, Corrected, CorrectedShare, correct
from hemavision.differential.counting import (
    Absolute,
    Differential,
    PerHundred,
    Share,
    Terms,
    WhiteCells,
    find_differential,
)
from hemavision.differential.flags import Flag, Verdict, cells_to_settle, find_flag
from hemavision.differential.intervals import LEVEL, Interval, clopper_pearson, ratio_interval

__all__ = [
    "LEVEL",
    "Absolute",
    "Analyser",
    "ComparedShare",
    "Comparison",
    "Confusion",
    "Corrected",
    "CorrectedShare",
    "Differential",
    "Flag",
    "Interval",
    "PerHundred",
    "Share",
    "Terms",
    "Verdict",
    "WhiteCells",
    "cells_to_settle",
    "clopper_pearson",
    "compare",
    "correct",
    "find_differential",
    "find_flag",
    "ratio_interval",
]
