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
from hemavision.graph.writer import BundleParts

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
    towers = [layer for number, network in enumerate(networks) for layer in _tower(network, number)]
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


def one_of(parts: BundleParts, number: int) -> BundleParts:
    """Return one of a bundle's joined networks, as it was before; what is alone stays.

    Its biases are the mean's: what each gave to them is not kept.

    Args:
        parts: of the bundle.
        number: which, from 0; beyond the last it begins anew.
    """
    count = parts.manifest.networks
    if count == 1:
        return parts
    number %= count
    first, *towers, _maps, pooling, dropout, dense = parts.network.layers
    ending, (kernel, bias) = _named("", number), dense.weights
    rows = slice(number * len(kernel) // count, (number + 1) * len(kernel) // count)
    own = [
        replace(
            _turned(layer, number),
            name=layer.name.removesuffix(ending),
            inputs=tuple(name.removesuffix(ending) for name in layer.inputs),
        )
        for layer in towers
        if layer.name.endswith(ending)
    ]
    dense = replace(dense, weights=(kernel[rows] * np.float32(count), bias))
    pooling = replace(pooling, inputs=(own[-1].name,))
    return replace(
        parts,
        network=replace(parts.network, layers=(first, *own, pooling, dropout, dense)),
        manifest=replace(parts.manifest, networks=1),
        attributes=tuple(
            replace(a, kernel=a.kernel[rows] * np.float32(count)) for a in parts.attributes
        ),
    )


def mean_over_channels(
    kernels: Sequence[np.ndarray], biases: Sequence[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the dense layer (D·n×K, K) that gives the mean of n, each on its own D channels."""
    count = np.float32(len(kernels))
    return np.concatenate(kernels) / count, np.stack(biases).sum(axis=0) / count


def _tower(network: Network, number: int) -> list[Layer]:
    """Return a network's layers between the image and its pooling, under names of their own."""
    image = network.layers[0].name
    return [
        replace(
            _turned(layer, number),
            name=_named(layer.name, number),
            inputs=tuple(n if n == image else _named(n, number) for n in layer.inputs),
        )
        for layer in network.layers[1:-3]
    ]


def _turned(layer: Layer, number: int) -> Layer:
    """Mirror the kernels of every second network at the diagonal; done twice, it is undone."""
    if number % 2 == 0 or layer.kind not in _SPATIAL:
        return layer
    kernel, *bias = layer.weights
    return replace(layer, weights=(np.ascontiguousarray(kernel.swapaxes(0, 1)), *bias))


def _named(name: str, number: int) -> str:
    return f"{name}_{number + 1}"
