"""Turning Grad-CAM maps into pictures, and scoring them."""

from hemavision.reading.explaining.overlay import colour_map, encode_png, focus, normalise, overlay

__all__ = ["colour_map", "encode_png", "focus", "normalise", "overlay"]
