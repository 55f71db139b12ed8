"""Flags: a share is called high or low only where its whole interval says so."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from hemavision.differential.intervals import LEVEL, Interval, bounds, clopper_pearson

#: Nobody counts more cells than this in addition, and few slides have them.
MOST_MORE = 1_000


class Flag(StrEnum):
    """What a count says about a reference range."""

    NONE = "none"
    #: The whole interval lies above the range.
    HIGH = "high"
    #: The whole interval lies below the range.
    LOW = "low"
    #: The share lies above the range, its interval reaches into it.
    POSSIBLY_HIGH = "possibly_high"
    #: The share lies below the range, its interval reaches into it.
    POSSIBLY_LOW = "possibly_low"

    @property
    def words(self) -> str:
        """The flag for people; nothing for none."""
        return "" if self is Flag.NONE else self.value.replace("_", " ")

    @property
    def is_sure(self) -> bool:
        """Whether the whole interval lies outside the range."""
        return self in (Flag.HIGH, Flag.LOW)


@dataclass(frozen=True)
class Verdict:
    """A flag and what would settle it.

    Attributes:
        flag: of the share.
        more_cells: white cells to count in addition until a possible flag is a sure one, if the
            proportion stays as it is; ``None`` where there is nothing to settle, or where more
            than :data:`MOST_MORE` would be needed.
    """

    flag: Flag
    more_cells: int | None = None


def place(value: float, interval: Interval, reference: Interval) -> Flag:
    """Return the flag of a value with its interval against a range, all in one unit."""
    if value > reference[1]:
        return Flag.HIGH if interval[0] > reference[1] else Flag.POSSIBLY_HIGH
    if value < reference[0]:
        return Flag.LOW if interval[1] < reference[0] else Flag.POSSIBLY_LOW
    return Flag.NONE


def find_flag(count: int, total: int, reference: Interval, level: float = LEVEL) -> Verdict:
    """Return the flag of ``count`` among ``total`` white cells.

    Args:
        count: cells of the type.
        total: white cells counted, at least 1.
        reference: lowest and highest share in health, in percent, 0 to 100.
        level: of the interval.
    """
    low, high = clopper_pearson(count, total, level)
    flag = place(100 * count / total, (100 * low, 100 * high), reference)
    if flag is Flag.POSSIBLY_HIGH:
        return Verdict(flag, cells_to_settle(count, total, reference[1], level))
    if flag is Flag.POSSIBLY_LOW:
        return Verdict(flag, cells_to_settle(count, total, reference[0], level))
    return Verdict(flag)


def cells_to_settle(count: int, total: int, limit: float, level: float = LEVEL) -> int | None:
    """Return how many more cells, at the present proportion, take the interval off a limit.

    Args:
        count: cells of the type so far.
        total: white cells so far, at least 1.
        limit: in percent.
        level: of the interval.

    Returns:
        The number of cells to count in addition: 0 where the interval does not hold the limit
        now; ``None`` where the share is the limit itself or more than :data:`MOST_MORE` would be
        needed.
    """
    share, border = count / total, limit / 100

    def settled(cells: int) -> bool:
        low, high = bounds(share * cells, cells, level)
        return not low <= border <= high

    if settled(total):
        return 0
    if share == border or not settled(total + MOST_MORE):
        return None
    # At one proportion more cells only narrow the interval.
    too_few, enough = total, total + MOST_MORE
    while enough - too_few > 1:
        middle = (too_few + enough) // 2
        too_few, enough = (too_few, middle) if settled(middle) else (middle, enough)
    return enough - total
