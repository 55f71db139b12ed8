"""A bundle's convolutions in eight bits, by what they are shown; the rest of its graph as it was.

ONNX Runtime's quantiser places the scales (QDQ, static; of activations one a tensor, of weights one
a channel). Its weights are then fitted anew: each channel's scale loses the least (Nagel et al.
2021, "A white paper on neural network quantization"), and a channel's bias takes up what rounding
its weights moves its mean by (Nagel et al. 2019, "Data-free quantization"). The first layers see
every pixel's noise and the last map is the explanation itself: both stay in float32.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

from hemavision.errors import BundleError
from hemavision.graph.onnx_graph import HALF, LARGE
from hemavision.graph.writer import NETWORK_KEY, write_model

#: What stays in float32: the beginnings of layers' names, of both networks.
SPARED = ("stem_", "block_0_", "block_1_", "block_2_", "head_", "morphology", "kinds/", "edges/")
#: The shortcuts' sums; others are arithmetic on what comes after the maps.
SUMS = "_sum/result"
#: Processors without VNNI add pairs of products in 16 bits: two of these at 255 still fit. A
#: depthwise convolution is computed otherwise, and has all eight bits.
LARGEST, LARGEST_BY_CHANNEL = 64, 127
#: A channel whose weights are smaller than this is as good as dead; its bias has to fit in 32 bits.
SMALLEST = 1e-4
#: Shares of a channel's largest weight that are tried for the largest whole number.
SHARES = np.linspace(1.0, 0.6, 17)

Views = Sequence[np.ndarray]


def write_eight_bits(bundle: Path, views: Views, metadata: dict[str, str], path: Path) -> None:
    """Write the bundle ``path``: that of ``bundle``, in eight bits.

    Args:
        bundle: a classifier's or a detector's.
        views: what it is shown, uint8 n×H×W×3 each, from which the ranges are learned.
        metadata: of the new bundle; the network's configuration, whose weights it no longer
            holds, is left out.
        path: the file to write.

    Raises:
        BundleError: nothing in the graph can be in eight bits.
    """
    with tempfile.TemporaryDirectory() as folder:
        folded, rough = Path(folder) / "folded.onnx", Path(folder) / "rough.onnx"
        _fold(bundle, folded)
        exact = onnx.load(folded)
        chosen = _chosen(exact.graph)
        if not chosen:
            raise BundleError(f"{bundle} has no convolution that can be put in eight bits.")
        quantize_static(
            folded, rough, _Shown(views), quant_format=QuantFormat.QDQ, per_channel=True,
            activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8, nodes_to_quantize=chosen,
        )  # fmt: skip
        proto = onnx.load(rough)
    _fit_weights(proto.graph, exact, views)
    _halve(proto.graph)
    # The optimiser names operators of its own, too, that nothing in the graph asks for.
    kept = [entry for entry in proto.opset_import if entry.domain == ""]
    del proto.opset_import[:]
    proto.opset_import.extend(kept)
    helper.set_model_props(proto, {k: v for k, v in metadata.items() if k != NETWORK_KEY})
    write_model(proto, path)


def _fold(bundle: Path, folded: Path) -> None:
    """Write the graph with its normalisations in the weights, in the standard's operators."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(folded)
    onnxruntime.InferenceSession(bundle, options, providers=["CPUExecutionProvider"])


def _chosen(graph: Any) -> list[str]:
    """Return the names of the nodes to put in eight bits."""
    convolutions = {
        n.output[0]: n for n in graph.node if n.op_type == "Conv" and not n.name.startswith(SPARED)
    }
    cut_off = [
        n for n in graph.node if n.op_type in ("Clip", "Relu") and n.input[0] in convolutions
    ]
    sums = [n for n in graph.node if n.op_type == "Add" and n.name.endswith(SUMS)]
    return [node.name for node in (*convolutions.values(), *cut_off, *sums)]


class _Shown(CalibrationDataReader):  # type: ignore[misc]  # the runtime is not typed
    """What the quantiser learns the ranges from."""

    def __init__(self, views: Views) -> None:
        self._views = iter(views)

    def get_next(self) -> dict[str, np.ndarray] | None:
        """Return the next views; ``None`` after the last."""
        image = next(self._views, None)
        return None if image is None else {"image": image}


def _fit_weights(graph: Any, exact: Any, views: Views) -> None:
    """Round the weights of every convolution in eight bits anew, from the exact ones."""
    constants = {tensor.name: tensor for tensor in graph.initializer}
    made = {output: node for node in graph.node for output in node.output}
    floats = {tensor.name: numpy_helper.to_array(tensor) for tensor in exact.graph.initializer}
    layers = {node.name: node for node in exact.graph.node if node.op_type == "Conv"}
    found = [
        (node, layers[node.name])
        for node in graph.node
        if node.op_type == "Conv" and node.input[1] in made
    ]
    means = _means(exact, sorted({layer.input[0] for _, layer in found}), views)
    for node, layer in found:
        given, weights, biases = (made[name] for name in node.input)
        kernel, bias = (floats[name] for name in layer.input[1:])
        whole, scale = rounded(kernel)
        lost = (kernel - whole * scale[:, None, None, None]).sum(axis=(2, 3))
        mean = means[layer.input[0]]
        bias = bias + (lost[:, 0] * mean if kernel.shape[1] == 1 else lost @ mean)
        step = scale * numpy_helper.to_array(constants[given.input[1]])
        for name, value in (
            (weights.input[0], whole.astype(np.int8)),
            (weights.input[1], scale),
            (biases.input[0], np.rint(bias / step).astype(np.int32)),
            (biases.input[1], step.astype(np.float32)),
        ):
            constants[name].CopyFrom(numpy_helper.from_array(value, name))


def rounded(kernel: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Round a kernel, float F×C×H×W, at the scale of each filter that loses least.

    Returns:
        The whole numbers, float F×C×H×W, and the scales, float32 F.
    """
    largest = LARGEST_BY_CHANNEL if kernel.shape[1] == 1 else LARGEST
    filters = kernel.reshape(len(kernel), -1)
    peaks = np.maximum(np.abs(filters).max(axis=1), SMALLEST)
    scales = (SHARES[:, None] * peaks / largest).astype(np.float32)
    whole = np.clip(np.rint(filters / scales[..., None]), -largest, largest)
    best = ((whole * scales[..., None] - filters) ** 2).sum(axis=2).argmin(axis=0)
    each = np.arange(len(kernel))
    return whole[best, each].reshape(kernel.shape), scales[best, each]


def _means(exact: Any, names: list[str], views: Views) -> dict[str, np.ndarray]:
    """Return the mean of each channel of the maps of these names, over all places of all views."""
    proto = onnx.ModelProto()
    proto.CopyFrom(exact)
    known = {output.name for output in proto.graph.output}
    asked = [helper.make_empty_tensor_value_info(name) for name in names if name not in known]
    proto.graph.output.extend(asked)
    session = onnxruntime.InferenceSession(
        proto.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    sums: dict[str, Any] = dict.fromkeys(names, 0.0)
    for image in views:
        for name, maps in zip(names, session.run(names, {"image": image}), strict=True):
            sums[name] = sums[name] + maps.mean(axis=(2, 3)).sum(axis=0)
    count = sum(len(image) for image in views)
    return {name: value / count for name, value in sums.items()}


def _halve(graph: Any) -> None:
    """Keep large float32 constants in half precision, which is widened on opening."""
    casts = []
    for tensor in graph.initializer:
        if tensor.data_type != TensorProto.FLOAT or np.prod(tensor.dims) < LARGE:
            continue
        if any(tensor.name in node.input and "Linear" in node.op_type for node in graph.node):
            continue
        half = numpy_helper.to_array(tensor).astype(np.float16)
        if not np.isfinite(half).all():
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(half, name + HALF))
        casts.append(helper.make_node("Cast", [name + HALF], [name], name, to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
