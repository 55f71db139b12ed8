"""The Keras that networks are built with: the installed one, 3 or 2.

Where both stand side by side (``tf_keras`` beside Keras 3), ``TF_USE_LEGACY_KERAS=1``
chooses the older, as it does for TensorFlow.
"""

from __future__ import annotations

import os

if os.environ.get("TF_USE_LEGACY_KERAS") in ("1", "true", "True"):
    import tf_keras as keras
else:
    import keras

layers = keras.layers
#: 2 or 3.
MAJOR = int(keras.__version__.split(".")[0])

__all__ = ["MAJOR", "keras", "layers"]
