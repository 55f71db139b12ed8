"""The seam between HemaVision and whatever finds the cells of a field."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from hemavision.records.results import Detection, ModelReference


class Finder(Protocol):
    """Anything that finds cells."""

    @property
    def reference(self) -> ModelReference:
        """Which weights find them."""
        ...

    def find(self, rgb: np.ndarray) -> list[Detection]:
        """Return the cells of a field, surest first.

        Args:
            rgb: uint8 H×W×3, of any size.

        Returns:
            Their boxes in whole pixels, inside the field.
        """
        ...
