"""Writes a network's configuration in the words of Keras 2, which Keras 3 understands, too."""

from __future__ import annotations

from typing import Any

from hemavision.compat.network import Layer, Network

#: What Keras 2 calls an option where Keras 3 takes both names.
_OLD_NAMES = {
    ("InputLayer", "batch_shape"): "batch_input_shape",
    ("LeakyReLU", "negative_slope"): "alpha",
}


def config_of(network: Network) -> dict[str, Any]:
    """Return what :func:`hemavision.compat.architecture.plan_of` reads, and any Keras."""
    return {
        "class_name": "Functional",
        "config": {
            "name": network.name,
            "trainable": True,
            "layers": [_entry(layer) for layer in network],
            "input_layers": [[network.layers[0].name, 0, 0]],
            "output_layers": [[network.output.name, 0, 0]],
        },
    }


def _entry(layer: Layer) -> dict[str, Any]:
    options = {
        _OLD_NAMES.get((layer.kind, name), name): value for name, value in layer.options.items()
    }
    if layer.kind == "Conv2D" and options["groups"] == 1:
        del options["groups"]  # Keras before 2.3 has none
    return {
        "class_name": layer.kind,
        "name": layer.name,
        "config": {"name": layer.name, "dtype": "float32", **options},
        "inbound_nodes": [[[name, 0, 0, {}] for name in layer.inputs]] if layer.inputs else [],
    }
