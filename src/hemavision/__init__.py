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
from hemavision.errors import HemaVisionError

if TYPE_CHECKING:
    from hemavision.reading.cell import Model, open_model
    from hemavision.records.results import Prediction, Status

__all__ = ["HemaVisionError", "Model", "Prediction", "Status", "__version__", "open_model"]

# Imported when first used: the command line's help must not wait for ONNX Runtime.
_HOMES = {
    "Model": "hemavision.reading.cell",
    "open_model": "hemavision.reading.cell",
    "Prediction": "hemavision.records.results",
    "Status": "hemavision.records.results",
}


def __getattr__(name: str) -> Any:
    """Import a public name from where it lives."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, imported or not."""
    return sorted(__all__)
