"""From a smear field to the cells in it."""

from hemavision.detection.stain import locate_cell

__all__ = ["locate_cell"]
