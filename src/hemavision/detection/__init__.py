"""From a smear field to the cells in it."""

from hemavision.detection.stain import locate_cell, locate_nucleus

__all__ = ["locate_cell", "locate_nucleus"]
