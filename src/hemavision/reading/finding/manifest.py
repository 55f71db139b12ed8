"""What a detector's bundle says about itself."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from hemavision.errors import BundleError
from hemavision.records.results import CellKind

MANIFEST_KEY = "hemavision.detector"
MANIFEST_VERSION = 1


@dataclass(frozen=True)
class DetectorManifest:
    """What a detector's bundle says about itself, as JSON in the ONNX metadata.

    Attributes:
        name: short name.
        kinds: in the order of the scores.
        thresholds: of each kind, the score from which on a cell is one, 0 to 1.
        scale: pixels of the network's input to one of its training photographs.
        red_px: side in pixels of the input that a red cell's box has at that scale.
        weights_sha256: of the trained weights, in the order of the Keras model.
        training: command, seed, data digest and date of the run that made the weights.
        metrics: protocol → figures, as ``hemavision evaluate`` gave them.
        licence: of the weights.
        version: of this record.
    """

    name: str
    kinds: tuple[CellKind, ...]
    thresholds: dict[str, float]
    scale: float
    red_px: float
    weights_sha256: str
    training: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    licence: str = "MIT"
    version: int = MANIFEST_VERSION

    def to_json(self) -> str:
        """Return the manifest as JSON text."""
        return json.dumps(asdict(self), sort_keys=True)


def manifest_from_metadata(metadata: dict[str, str], path: Path) -> DetectorManifest:
    """Read the manifest out of an ONNX file's metadata.

    Raises:
        BundleError: there is none, or it cannot be read.
    """
    if MANIFEST_KEY not in metadata:
        raise BundleError(f"{path} is an ONNX file but not a HemaVision detector (no manifest).")
    try:
        values = json.loads(metadata[MANIFEST_KEY])
        if values["version"] != MANIFEST_VERSION:
            raise ValueError(f"its version is {values['version']!r}, not {MANIFEST_VERSION}")
        values["kinds"] = tuple(CellKind(kind) for kind in values["kinds"])
        return DetectorManifest(**values)
    except (ValueError, TypeError, KeyError) as error:
        raise BundleError(f"The manifest of {path} cannot be read: {error}.") from error
