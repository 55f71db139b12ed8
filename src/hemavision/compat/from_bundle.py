"""Reads a bundle's weights back into the Keras network that they came from."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import onnx
from onnx import numpy_helper

from hemavision.bundle import check_bundle, manifest_from_metadata
from hemavision.errors import BundleError
from hemavision.models import separable_cnn
from hemavision.models.separable_cnn import BLOCKS

DENSE_CONSTANTS = {
    "dense_1": ("dense_1_w", "dense_1_bias"),
    "dense_2": ("dense_2_w", "dense_2_bias"),
    "probabilities": ("w3", "b3"),
}


def keras_from_bundle(path: Path) -> keras.Model:
    """Return the trained network of the bundle at ``path``, with the bundle's own weights.

    The network is as it was trained: its probabilities are those before calibration. Its
    logits divided by the manifest's temperature are the bundle's.

    Args:
        path: a ``.onnx`` bundle that holds a :func:`separable_cnn.build`.

    Returns:
        A model from float32 N×S×S×3 in [-1, 1] to float32 N×K probabilities.

    Raises:
        BundleError: not a bundle, or not one of this network.
    """
    content = check_bundle(path)
    try:
        proto = onnx.load_model_from_string(content)
    except Exception as error:  # protobuf's implementations share no error class
        raise BundleError(f"{path} is not an ONNX file: {error}") from error
    manifest = manifest_from_metadata({p.key: p.value for p in proto.metadata_props}, path)
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in proto.graph.initializer}
    model = separable_cnn.build(len(manifest.cell_types), manifest.preprocess.size_px)
    try:
        _set_weights(model, constants)
    except (KeyError, ValueError) as error:
        raise BundleError(f"{path} does not hold this network's weights: {error}") from error
    return model


def _set_weights(model: keras.Model, constants: dict[str, np.ndarray]) -> None:
    for index in range(1, len(BLOCKS) + 1):
        block = f"block_{index}"
        # ONNX keeps C×1×H×W and F×C×1×1; Keras wants H×W×C×1 and 1×1×C×F.
        depthwise = constants[f"{block}_dw"].transpose(2, 3, 0, 1)
        pointwise = constants[f"{block}_pw"].transpose(2, 3, 1, 0)
        weights = [depthwise, pointwise, constants[f"{block}_b"]]
        model.get_layer(f"separable_{index}").set_weights(weights)
        last = index == len(BLOCKS)
        norm = "features" if last else f"{block}_norm"
        parts = [constants[f"{norm}_{part}"] for part in ("gamma", "beta", "mean", "variance")]
        model.get_layer("features" if last else f"norm_{index}").set_weights(parts)
    for layer, names in DENSE_CONSTANTS.items():
        model.get_layer(layer).set_weights([constants[name] for name in names])
