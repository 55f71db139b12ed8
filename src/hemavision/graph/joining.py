"""Several trained networks as one that answers with the mean of their logits.

Networks that began alike and saw other views err alike at home and otherwise abroad; their mean
errs less than either (Lakshminarayanan et al. 2017). One pooling and one dense layer over the
channels of all of them give it, so maps, embedding and doubt are those of any single network.

A cell has no up, so each of them looks at another view: every second one sees the image mirrored
at its diagonal. Its kernels are mirrored instead, which is the same, and the image stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hemavision.errors import BundleError
from hemavision.graph.gradcam import Attribute
from hemavision.graph.network import Layer, Network

#: Layers whose first two axes of weights are rows and columns.
_SPATIAL = {"Conv2D", "DepthwiseConv2D"}
#: What an answer is made by, after the last feature map.
_HEAD = ("GlobalAveragePooling2D", "Dropout", "Dense")


def join(networks: Sequence[Network]) -> Network:
    """Return one network whose logits are the mean of these networks'.

    Args:
        networks: of one form: one global average pooling, and one dense layer with softmax over
            it. One alone is returned as it is.

    Raises:
        BundleError: they have another form, or not the same one.
    """
    first = networks[0]
    if len(networks) == 1:
        return first
    for network in networks:
        kinds = tuple(layer.kind for layer in network.layers[-3:])
        if kinds != _HEAD or [la.options for la in network] != [la.options for la in first]:
            raise BundleError(
                f"{network.name} cannot be joined with {first.name}: both end in one pooling, "
                "dropout and one dense layer, and have the same layers."
            )
    pooling, dropout, dense = first.layers[-3:]
    towers = [
        layer
        for number, network in enumerate(networks)
        for layer in _tower(network, number, mirrored=number % 2 == 1)
    ]
    maps = Layer(
        "Concatenate",
        "every_feature",
        {"axis": -1},
        tuple(_named(network.layers[-4].name, n) for n, network in enumerate(networks)),
    )
    kernels, biases = zip(*(network.output.weights for network in networks), strict=True)
    kernel, bias = mean_over_channels(kernels, biases)
    return Network(
        first.name,
        (
            first.layers[0],
            *towers,
            maps,
            replace(pooling, inputs=(maps.name,)),
            dropout,
            replace(dense, weights=(kernel, bias)),
        ),
    )


def join_attributes(attributes: Sequence[tuple[Attribute, ...]]) -> tuple[Attribute, ...]:
    """Return the attributes of joined networks: the means of their logits."""
    joined = []
    for same in zip(*attributes, strict=True):
        kernel, bias = mean_over_channels([a.kernel for a in same], [a.bias for a in same])
        joined.append(replace(same[0], kernel=kernel, bias=bias))
    return tuple(joined)


def mean_over_channels(
    kernels: Sequence[np.ndarray], biases: Sequence[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the dense layer (D·n×K, K) that gives the mean of n, each on its own D channels."""
    count = np.float32(len(kernels))
    return np.concatenate(kernels) / count, np.stack(biases).sum(axis=0) / count


def _tower(network: Network, number: int, *, mirrored: bool) -> list[Layer]:
    """Return a network's layers between the image and its pooling, under names of their own."""
    image = network.layers[0].name
    return [
        replace(
            layer,
            name=_named(layer.name, number),
            inputs=tuple(n if n == image else _named(n, number) for n in layer.inputs),
            weights=tuple(_mirrored(layer, w) for w in layer.weights)
            if mirrored
            else layer.weights,
        )
        for layer in network.layers[1:-3]
    ]


def _mirrored(layer: Layer, weights: np.ndarray) -> np.ndarray:
    if layer.kind in _SPATIAL and weights.ndim == 4:
        return np.ascontiguousarray(weights.swapaxes(0, 1))
    return weights


def _named(name: str, number: int) -> str:
    return f"{name}_{number + 1}"
