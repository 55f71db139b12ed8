"""Layers of one precision and momentum, for the networks that are made of 3×3 convolutions."""

from __future__ import annotations

from typing import Any

from hemavision.models.installed import layers

EPSILON = 1e-3


class Maker:
    """Makes layers that share a precision (a Keras dtype policy) and a norm's momentum."""

    def __init__(self, momentum: float, precision: str) -> None:
        """Take the momentum of batch normalisations and the precision of all layers."""
        self._momentum, self._precision = momentum, precision

    def convolution(self, x: Any, filters: int, size: int, stride: int, name: str) -> Any:
        """A convolution without bias: a normalisation follows."""
        return layers.Conv2D(
            filters,
            size,
            strides=stride,
            padding="same",
            use_bias=False,
            kernel_initializer="he_normal",
            dtype=self._precision,
            name=f"{name}_convolution",
        )(x)

    def norm(self, x: Any, name: str) -> Any:
        """Batch normalisation."""
        return layers.BatchNormalization(
            momentum=self._momentum, epsilon=EPSILON, dtype=self._precision, name=f"{name}_norm"
        )(x)

    def relu(self, x: Any, name: str) -> Any:
        """A ReLU of that very name."""
        return layers.ReLU(dtype=self._precision, name=name)(x)
