"""Turning Grad-CAM maps into pictures, and scoring them."""

from hemavision.reading.explaining.focus import focus
from hemavision.reading.explaining.overlay import colour_map, normalise, overlay
from hemavision.reading.explaining.png import encode_png

__all__ = ["colour_map", "encode_png", "focus", "normalise", "overlay"]
