"""The first network's configuration, for weights files that hold none. No Keras is needed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from hemavision.models.blocks import (
    BLOCKS,
    CLASSES,
    EPSILON,
    HIDDEN_LAYERS,
    HIDDEN_UNITS,
    INPUT_PX,
    POOL_AFTER,
)


def _layers() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield class, name and options of each layer, in order."""
    yield "InputLayer", "image", {"batch_input_shape": [None, INPUT_PX, INPUT_PX, 3]}
    for index, (filters, kernel, stride) in enumerate(BLOCKS, start=1):
        options = {
            "filters": filters,
            "kernel_size": [kernel, kernel],
            "strides": [stride, stride],
            "padding": "same",
            "activation": "relu",
        }
        yield "SeparableConv2D", f"separable_{index}", options
        name = "features" if index == len(BLOCKS) else f"norm_{index}"
        yield "BatchNormalization", name, {"epsilon": EPSILON}
        if index == POOL_AFTER:
            yield "MaxPooling2D", "pool", {"strides": [2, 2]}
    yield "GlobalAveragePooling2D", "embedding", {}
    for index in range(1, HIDDEN_LAYERS + 1):
        yield "Dense", f"dense_{index}", {"units": HIDDEN_UNITS, "activation": "relu"}
        yield "Dropout", f"dropout_{index}", {"rate": 0.5}
    yield "Dense", "probabilities", {"units": CLASSES, "activation": "softmax"}


def _config() -> dict[str, Any]:
    layers = list(_layers())
    entries: list[dict[str, Any]] = [
        {"class_name": kind, "name": name, "config": {"name": name, **options}, "inbound_nodes": []}
        for kind, name, options in layers
    ]
    for before, entry in pairwise(entries):
        entry["inbound_nodes"] = [[[before["name"], 0, 0, {}]]]
    config = {
        "name": "separable_cnn",
        "layers": entries,
        "input_layers": [["image", 0, 0]],
        "output_layers": [["probabilities", 0, 0]],
    }
    return {"class_name": "Functional", "config": config}


#: As Keras would have saved it.
CONFIG = _config()
