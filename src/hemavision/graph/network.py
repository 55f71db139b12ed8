"""A classifier as data: layers with plain options and arrays, whichever Keras saved it.

Everything that reads a model file ends here, and everything that writes one begins here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hemavision.errors import BundleError


@dataclass(frozen=True)
class Layer:
    """One layer.

    Attributes:
        kind: Keras's class name; one of :data:`hemavision.graph.kinds.KINDS`.
        name: unique within its network.
        options: the constructor's arguments that matter when the network answers; every one
            that the kind knows.
        inputs: names of the layers that feed it, in order.
        weights: in Keras's order, as trained.
    """

    kind: str
    name: str
    options: dict[str, Any]
    inputs: tuple[str, ...] = ()
    weights: tuple[np.ndarray, ...] = ()


@dataclass(frozen=True)
class Network:
    """Layers in an order in which data can flow; the first is the input, the last the output."""

    name: str
    layers: tuple[Layer, ...]

    def __post_init__(self) -> None:
        known: set[str] = set()
        for layer in self.layers:
            missing = [name for name in layer.inputs if name not in known]
            if missing:
                raise BundleError(f"Layer {layer.name!r} is fed by {missing[0]!r}, which is none.")
            if layer.name in known:
                raise BundleError(f"Two layers are called {layer.name!r}.")
            known.add(layer.name)
        inputs = [layer.name for layer in self.layers if layer.kind == "InputLayer"]
        if len(inputs) != 1 or self.layers[0].name != inputs[0]:
            raise BundleError(
                f"{self.name} has {len(inputs)} inputs; a classifier takes one image."
            )
        shape = self.layers[0].options.get("batch_shape")
        if not _is_of_images(shape):
            raise BundleError(
                f"{self.name} takes an input of shape {str(shape)[:80]}; an image's is [null, "
                "height, width, channels]."
            )

    def __iter__(self) -> Iterator[Layer]:
        return iter(self.layers)

    @property
    def input_shape(self) -> tuple[int | None, int | None, int]:
        """Height and width in pixels (``None`` where open) and channels."""
        height, width, channels = self.layers[0].options["batch_shape"][1:]
        return height, width, channels

    @property
    def output(self) -> Layer:
        """The layer whose result is the answer."""
        return self.layers[-1]

    @property
    def weights(self) -> list[np.ndarray]:
        """All weights, layer by layer."""
        return [array for layer in self.layers for array in layer.weights]

    def layer(self, name: str) -> Layer:
        """Return the layer called ``name``."""
        return next(layer for layer in self.layers if layer.name == name)

    def with_input(self, height: int, width: int) -> Network:
        """Return the network for images of another size; the weights are the same."""
        first = self.layers[0]
        options = first.options | {
            "batch_shape": [None, height, width, first.options["batch_shape"][-1]]
        }
        return replace(self, layers=(replace(first, options=options), *self.layers[1:]))

    def in_half_precision(self) -> Network:
        """Return the network with each weight as near as half precision comes to it."""
        layers = tuple(
            replace(
                layer,
                weights=tuple(
                    np.asarray(w, np.float16).astype(np.float32) if w.ndim > 1 else w
                    for w in layer.weights
                ),
            )
            for layer in self.layers
        )
        return replace(self, layers=layers)

    def weights_sha256(self) -> str:
        """Return the SHA-256 over all weights, in order, as float32."""
        total = hashlib.sha256()
        for tensor in self.weights:
            total.update(np.ascontiguousarray(tensor, np.float32).tobytes())
        return total.hexdigest()


def _is_of_images(shape: Any) -> bool:
    """Whether a saved shape is that of images: sizes, of which all but the channels may be open."""
    if not isinstance(shape, list | tuple) or len(shape) != 4 or shape[3] is None:
        return False
    return all(size is None or (type(size) is int and 0 < size < 2**31) for size in shape[1:])
