"""HemaVision: white blood cells in stained smears, named, explained and doubted.

For research use only. Not for use in diagnostic procedures.

>>> import hemavision
>>> model = hemavision.open_model()            # doctest: +SKIP
>>> model.predict("smear.jpg")[0].cell_type    # doctest: +SKIP
'eosinophil'
"""

from __future__ import annotations

from hemavision._version import __version__
from hemavision.errors import HemaVisionError
from hemavision.pipeline import Model, open_model
from hemavision.results import Prediction, Status

__all__ = ["HemaVisionError", "Model", "Prediction", "Status", "__version__", "open_model"]
