"""From a smear field to the cells in it."""

from hemavision.reading.finding.stain import locate_cell, locate_nucleus

__all__ = ["locate_cell", "locate_nucleus"]
