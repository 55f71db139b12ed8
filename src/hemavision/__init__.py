"""HemaVision: white blood cells in stained smears, named, explained and doubted.

For research use only. Not for use in diagnostic procedures.

>>> import hemavision
>>> model = hemavision.open_model()            # doctest: +SKIP
>>> model.predict("smear.jpg")[0].cell_type    # doctest: +SKIP
'eosinophil'
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from hemavision._version import __version__
from hemavision.errors import (
    ArchiveError,
    BundleError,
    ConflictError,
    DataError,
    HemaVisionError,
    ImageError,
    LoginError,
    MissingError,
    RefusedError,
    SettingsError,
    StoreError,
    TrainingError,
)

if TYPE_CHECKING:
    from hemavision.images.opening import open_image
    from hemavision.reading.cell import Model, open_model
    from hemavision.reading.explaining import overlay
    from hemavision.reading.field import read_smear
    from hemavision.reading.finding.detector import Detector, open_detector
    from hemavision.reading.found import FieldDifferential, FoundCell, Smear
    from hemavision.records.results import (
        Box,
        CellKind,
        Detection,
        ModelReference,
        Prediction,
        Reason,
        Reasons,
        Status,
    )

__all__ = [
    "ArchiveError",
    "Box",
    "BundleError",
    "CellKind",
    "ConflictError",
    "DataError",
    "Detection",
    "Detector",
    "FieldDifferential",
    "FoundCell",
    "HemaVisionError",
    "ImageError",
    "LoginError",
    "MissingError",
    "Model",
    "ModelReference",
    "Prediction",
    "Reason",
    "Reasons",
    "RefusedError",
    "SettingsError",
    "Smear",
    "Status",
    "StoreError",
    "TrainingError",
    "__version__",
    "open_detector",
    "open_image",
    "open_model",
    "overlay",
    "read_smear",
]

# Imported when first used: the command line's help must not wait for ONNX Runtime.
_HOMES = {
    "hemavision.images.opening": ("open_image",),
    "hemavision.reading.cell": ("Model", "open_model"),
    "hemavision.reading.explaining": ("overlay",),
    "hemavision.reading.field": ("read_smear",),
    "hemavision.reading.finding.detector": ("Detector", "open_detector"),
    "hemavision.reading.found": ("FieldDifferential", "FoundCell", "Smear"),
    "hemavision.records.results": (
        "Box",
        "CellKind",
        "Detection",
        "ModelReference",
        "Prediction",
        "Reason",
        "Reasons",
        "Status",
    ),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import a public name from where it lives."""
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, imported or not."""
    return sorted(__all__)
