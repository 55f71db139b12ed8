"""Turning Grad-CAM maps into pictures, and scoring them."""

from hemavision.explain.overlay import colour_map, normalise, overlay

__all__ = ["colour_map", "normalise", "overlay"]
