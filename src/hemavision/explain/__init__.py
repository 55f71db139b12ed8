"""Turning Grad-CAM maps into pictures, and scoring them."""

from hemavision.explain.focus import focus
from hemavision.explain.overlay import colour_map, normalise, overlay
from hemavision.explain.png import encode_png

__all__ = ["colour_map", "encode_png", "focus", "normalise", "overlay"]
