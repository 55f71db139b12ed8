"""Reads a bundle's network back out of it, with the very weights that went in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx

from hemavision.errors import BundleError
from hemavision.graph.architecture import Plan, Weights, network_of, parse_config, plan_of
from hemavision.graph.doubt import ForeignModel, NoveltyModel
from hemavision.graph.gradcam import Attribute
from hemavision.graph.kinds import KINDS
from hemavision.graph.network import Network
from hemavision.graph.onnx_graph import constants_of
from hemavision.graph.writer import NETWORK_KEY, BundleParts, Scaling
from hemavision.reading.bundle import check_bundle, manifest_from_metadata


def network_from_bundle(path: Path) -> Network:
    """Return the trained network of the bundle at ``path``; see :class:`BundleParts`.

    Raises:
        BundleError: not a bundle, or one without its network's configuration.
    """
    return take_apart(path).network


def take_apart(path: Path) -> BundleParts:
    """Return all that the bundle at ``path`` was written from.

    Raises:
        BundleError: not a bundle, or one without its network as it was trained.
    """
    content = check_bundle(path)
    try:
        proto = onnx.load_model_from_string(content)
    except Exception as error:  # protobuf's implementations share no error class
        raise BundleError(f"{path} is not an ONNX file: {error}") from error
    metadata = {entry.key: entry.value for entry in proto.metadata_props}
    manifest = manifest_from_metadata(metadata, path)
    if NETWORK_KEY not in metadata:
        raise BundleError(
            f"{path} does not hold its network as it was trained: take the bundle that it was put "
            "in eight bits from, or export it again."
        )
    plan = plan_of(parse_config(metadata[NETWORK_KEY], str(path)), str(path))
    try:
        constants = constants_of(proto.graph)
        results = {node.output[0] for node in proto.graph.node}
        return BundleParts(
            network_of(plan, _weights(plan, constants)),
            manifest,
            _scaling(constants, bgr="input:bgr" in results),
            _novelty(constants),
            tuple(
                _attribute(name, values, constants) for name, values in manifest.morphology.items()
            ),
            _foreign(constants),
        )
    except BundleError:
        raise
    except Exception as error:  # arrays of other shapes than the network's fail anywhere
        raise BundleError(f"{path} does not hold its network's weights: {error}") from error


def _scaling(constants: dict[str, np.ndarray], bgr: bool) -> Scaling:
    mean, deviation = (constants[f"input:{name}"].ravel() for name in ("mean", "deviation"))
    return Scaling(
        (float(mean[0]), float(mean[1]), float(mean[2])),
        (float(deviation[0]), float(deviation[1]), float(deviation[2])),
        bgr,
    )


def _novelty(constants: dict[str, np.ndarray]) -> NoveltyModel | None:
    """Return none of a bundle that was written when novelty was measured in another way."""
    if "novelty:known" not in constants:
        return None
    nearest, scale = (constants[f"novelty:{name}"].item() for name in ("nearest", "scale"))
    return NoveltyModel(constants["novelty:known"].T, int(nearest), float(scale))


def _foreign(constants: dict[str, np.ndarray]) -> ForeignModel | None:
    if "foreign:whiten" not in constants:
        return None
    whiten, known, scale = (constants[f"foreign:{name}"] for name in ("whiten", "known", "scale"))
    return ForeignModel(whiten, known[0], float(scale.item()))


def _attribute(name: str, values: tuple[str, ...], constants: dict[str, np.ndarray]) -> Attribute:
    kernel, bias = (constants[f"morphology/{name}/{part}"] for part in ("kernel", "bias"))
    return Attribute(name, values, kernel, bias)


def _weights(plan: Plan, constants: dict[str, np.ndarray]) -> Weights:
    found: Weights = {}
    for layer in plan.layers:
        names = KINDS[layer.kind].weights(layer.options)
        arrays = [
            _as_keras_keeps_it(layer.kind, name, constants[f"{layer.name}/{index}"], layer.options)
            for index, name in enumerate(names)
            if name != "count"
        ]
        if "count" in names:  # of the images that Normalization was fitted to
            arrays.append(np.zeros((), np.int64))
        found[layer.name,] = tuple(arrays)
    return found


def _as_keras_keeps_it(
    kind: str, name: str, array: np.ndarray, options: dict[str, Any]
) -> np.ndarray:
    """Turn a kernel from ONNX's order of axes into Keras's; others are vectors or matrices."""
    if kind == "Normalization":
        return array.ravel()
    if array.ndim < 4:
        return array
    if kind == "DepthwiseConv2D" or name == "depthwise_kernel":
        multiplier = options["depth_multiplier"]
        shape = (array.shape[0] // multiplier, multiplier, *array.shape[2:])
        return array.reshape(shape).transpose(2, 3, 0, 1)
    return array.transpose(2, 3, 1, 0)
