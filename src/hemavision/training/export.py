"""Writes a trained network as a bundle: one ONNX graph with Grad-CAM of all types in it.

After the last feature map A the network is a global mean and a ReLU MLP, so the gradient
of a logit is the same at every position and has a closed form. With the hidden layers'
gates m = (hidden > 0), the weights of map channel c for type k are

    g_k = (((W3[:, k] * m2) W2ᵀ) * m1) W1ᵀ / (h·w)

and the map is ReLU(Σ_c g_kc A_c): Grad-CAM on the logit (Selvaraju et al. 2017), exactly.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from hemavision.bundle import MANIFEST_KEY, Manifest, check_bundle, manifest_from_metadata
from hemavision.models.separable_cnn import BLOCKS, POOL_AFTER
from hemavision.training.calibrate import NoveltyModel

#: Operator set: the oldest that has everything used here, for the widest choice of readers.
OPSET = 17
IR_VERSION = 8


def weights_sha256(model: keras.Model) -> str:
    """Return the SHA-256 over the model's weight tensors, in Keras's order, as float32."""
    total = hashlib.sha256()
    for tensor in model.get_weights():
        total.update(np.ascontiguousarray(tensor, np.float32).tobytes())
    return total.hexdigest()


def write_bundle(model: keras.Model, manifest: Manifest, novelty: NoveltyModel, path: Path) -> None:
    """Write ``model`` (a trained :func:`separable_cnn.build`) as the bundle ``path``."""
    graph = _Graph()
    features = _add_backbone(graph, model, manifest.preprocess.size_px)
    _add_head(graph, model, features, manifest.temperature)
    _add_novelty(graph, novelty)
    size = manifest.preprocess.size_px
    kinds = len(manifest.cell_types)
    proto = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "hemavision",
            [helper.make_tensor_value_info("image", TensorProto.UINT8, ["N", size, size, 3])],
            [
                _float_output("probabilities", ["N", kinds]),
                _float_output("heatmaps", ["N", kinds, "h", "w"]),
                _float_output("embedding", ["N", model.get_layer("embedding").output.shape[-1]]),
                _float_output("novelty", ["N"]),
            ],
            initializer=graph.initializers,
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        producer_name="hemavision",
        ir_version=IR_VERSION,
    )
    helper.set_model_props(proto, {MANIFEST_KEY: manifest.to_json()})
    onnx.checker.check_model(proto)
    _write(proto, path)


def stamp_metrics(path: Path, metrics: dict[str, Any]) -> None:
    """Write measured figures (protocol → figures) into the manifest of the bundle ``path``.

    The weights and the graph stay as they are; the file's SHA-256 changes.
    """
    proto = onnx.load_model_from_string(check_bundle(path))
    metadata = {p.key: p.value for p in proto.metadata_props}
    manifest = replace(manifest_from_metadata(metadata, path), metrics=metrics)
    helper.set_model_props(proto, metadata | {MANIFEST_KEY: manifest.to_json()})
    _write(proto, path)


def _write(proto: onnx.ModelProto, path: Path) -> None:
    """Write the file whole or not at all."""
    part = path.with_suffix(".part")
    path.parent.mkdir(parents=True, exist_ok=True)
    part.write_bytes(proto.SerializeToString())
    part.replace(path)


class _Graph:
    """Nodes and constants as they are added; names are the outputs' names."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.initializers: list[Any] = []

    def constant(self, name: str, value: np.ndarray) -> str:
        self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def floats(self, name: str, value: Any) -> str:
        return self.constant(name, np.asarray(value, np.float32))

    def shape(self, name: str, *dimensions: int) -> str:
        return self.constant(name, np.asarray(dimensions, np.int64))

    def add(self, operator: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(operator, inputs, [output], output, **attributes))
        return output


def _float_output(name: str, shape: list[Any]) -> Any:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def _add_backbone(graph: _Graph, model: keras.Model, size_px: int) -> str:
    """Add everything up to the last feature map, N×C×h×w; return its name."""
    x = graph.add("Cast", ["image"], "image_float", to=TensorProto.FLOAT)
    x = graph.add("Transpose", [x], "image_nchw", perm=[0, 3, 1, 2])
    x = graph.add("Mul", [x, graph.floats("scale", 1 / 127.5)], "image_scaled")
    x = graph.add("Sub", [x, graph.floats("one", 1.0)], "image_centred")
    side = size_px
    norm: list[str] = []
    epsilon = 0.0
    for index, (filters, kernel, stride) in enumerate(BLOCKS, start=1):
        depthwise, pointwise, bias = model.get_layer(f"separable_{index}").get_weights()
        name = f"block_{index}"
        # Keras keeps H×W×C×1 and 1×1×C×F; ONNX wants C×1×H×W and F×C×1×1.
        graph.floats(f"{name}_dw", depthwise.transpose(2, 3, 0, 1))
        graph.floats(f"{name}_pw", pointwise.transpose(3, 2, 0, 1))
        graph.floats(f"{name}_b", bias)
        kernels = [f"{name}_pw", f"{name}_b"]
        if kernel == 1:
            kernels = _fold(graph, name, filters, norm, epsilon)
        else:
            pads, side = _same_padding(side, kernel, stride)
            x = graph.add(
                "Conv",
                [x, f"{name}_dw"],
                f"{name}_depthwise",
                group=depthwise.shape[2],
                strides=[stride, stride],
                pads=pads,
            )
        x = graph.add("Conv", [x, *kernels], f"{name}_pointwise")
        x = graph.add("Relu", [x], f"{name}_relu")
        last = index == len(BLOCKS)
        layer = model.get_layer("features" if last else f"norm_{index}")
        norm, epsilon = _norm_constants(graph, layer, "features" if last else f"{name}_norm")
        if last or BLOCKS[index][1] > 1:
            output = "features" if last else f"{name}_norm"
            x = graph.add("BatchNormalization", [x, *norm], output, epsilon=epsilon)
        if index == POOL_AFTER:
            x = graph.add("MaxPool", [x], "pool", kernel_shape=[2, 2], strides=[2, 2])
            side //= 2
    return x


def _norm_constants(graph: _Graph, layer: keras.layers.Layer, name: str) -> tuple[list[str], float]:
    parts = ("gamma", "beta", "mean", "variance")
    values = (layer.gamma, layer.beta, layer.moving_mean, layer.moving_variance)
    constants = [
        graph.floats(f"{name}_{part}", keras.ops.convert_to_numpy(value))
        for part, value in zip(parts, values, strict=True)
    ]
    return constants, layer.epsilon


def _fold(graph: _Graph, block: str, filters: int, norm: list[str], epsilon: float) -> list[str]:
    """Fold the normalisation before a 1×1 block, and its depthwise part, into its pointwise one.

    Nothing is padded at 1×1, so all three are one matrix and one bias. They are computed
    in the graph, which ONNX Runtime does once, on loading: the file keeps the trained
    weights, and a pass saves two walks over a large map.

    Returns:
        The names of the kernel (F×C×1×1) and the bias (F).
    """
    gamma, beta, mean, variance = norm
    epsilons = graph.floats(f"{block}_epsilon", epsilon)
    x = graph.add("Add", [variance, epsilons], f"{block}_spread")
    x = graph.add("Sqrt", [x], f"{block}_deviation")
    scale = graph.add("Div", [gamma, x], f"{block}_norm_scale")
    x = graph.add("Mul", [mean, scale], f"{block}_norm_centre")
    shift = graph.add("Sub", [beta, x], f"{block}_norm_shift")

    channels = graph.shape(f"{block}_channels", -1)
    depthwise = graph.add("Reshape", [f"{block}_dw", channels], f"{block}_dw_flat")
    scale = graph.add("Mul", [scale, depthwise], f"{block}_scale")
    shift = graph.add("Mul", [shift, depthwise], f"{block}_shift")
    spread = graph.add(
        "Reshape", [scale, graph.shape(f"{block}_spread_shape", 1, -1, 1, 1)], f"{block}_scales"
    )
    kernel = graph.add("Mul", [f"{block}_pw", spread], f"{block}_pw_folded")
    matrix_shape = graph.shape(f"{block}_matrix_shape", filters, -1)
    matrix = graph.add("Reshape", [f"{block}_pw", matrix_shape], f"{block}_matrix")
    x = graph.add("MatMul", [matrix, shift], f"{block}_b_shift")
    return [kernel, graph.add("Add", [f"{block}_b", x], f"{block}_b_folded")]


def _same_padding(side: int, kernel: int, stride: int) -> tuple[list[int], int]:
    """Return ONNX pads for Keras's "same" padding, and the side that comes out."""
    out = -(-side // stride)
    total = max((out - 1) * stride + kernel - side, 0)
    before = total // 2
    return [before, before, total - before, total - before], out


def _add_head(graph: _Graph, model: keras.Model, features: str, temperature: float) -> None:
    """Add probabilities, heatmaps and embedding to the feature map N×C×h×w."""
    w1, b1 = model.get_layer("dense_1").get_weights()
    w2, b2 = model.get_layer("dense_2").get_weights()
    w3, b3 = model.get_layer("probabilities").get_weights()
    kinds, channels = w3.shape[1], w1.shape[0]
    mean = graph.add("GlobalAveragePool", [features], "mean")
    embedding = graph.add("Flatten", [mean], "embedding", axis=1)
    hidden_1 = _add_dense(graph, embedding, "dense_1", w1, b1)
    hidden_2 = _add_dense(graph, hidden_1, "dense_2", w2, b2)
    logits = graph.add("Gemm", [hidden_2, graph.floats("w3", w3), graph.floats("b3", b3)], "logits")
    graph.add("Div", [logits, graph.floats("temperature", temperature)], "logits_calibrated")
    graph.add("Softmax", ["logits_calibrated"], "probabilities", axis=1)

    # The gates, N×1×hidden, so that they spread over the types.
    axis = graph.shape("axis_types", 1)
    zero = graph.floats("zero", 0.0)
    gates = []
    for number, hidden in ((1, hidden_1), (2, hidden_2)):
        positive = graph.add("Greater", [hidden, zero], f"active_{number}")
        gate = graph.add("Cast", [positive], f"gate_{number}", to=TensorProto.FLOAT)
        gates.append(graph.add("Unsqueeze", [gate, axis], f"gates_{number}"))
    g = graph.add("Mul", [graph.floats("w3_rows", w3.T[None]), gates[1]], "grad_2")
    # Transposed in the graph, not stored twice: ONNX Runtime does it once, on loading.
    w2_t = graph.add("Transpose", ["dense_2_w"], "w2_t", perm=[1, 0])
    g = graph.add("MatMul", [g, w2_t], "grad_hidden_1")
    g = graph.add("Mul", [g, gates[0]], "grad_1")
    w1_t = graph.add("Transpose", ["dense_1_w"], "w1_t", perm=[1, 0])
    g = graph.add("MatMul", [g, w1_t], "grad_embedding")

    # The mean over positions: the gradient's 1/(h·w). The shape is read off the map itself.
    shape = graph.add("Shape", [features], "features_shape")
    area_shape = graph.add("Shape", [features], "features_side", start=2, end=4)
    area = graph.add("ReduceProd", [area_shape], "area", keepdims=0)
    area_float = graph.add("Cast", [area], "area_float", to=TensorProto.FLOAT)
    g = graph.add("Div", [g, area_float], "channel_weights")
    flat = graph.add(
        "Reshape", [features, graph.shape("flat_shape", 0, channels, -1)], "features_flat"
    )
    maps = graph.add("MatMul", [g, flat], "maps_flat")
    maps = graph.add("Relu", [maps], "maps_positive")
    sides = graph.add("Slice", [shape, graph.shape("from", 2), graph.shape("to", 4)], "sides")
    lead = graph.shape("lead", 0, kinds)
    target = graph.add("Concat", [lead, sides], "maps_shape", axis=0)
    graph.add("Reshape", [maps, target], "heatmaps")


def _add_dense(graph: _Graph, x: str, name: str, weight: np.ndarray, bias: np.ndarray) -> str:
    inputs = [x, graph.floats(f"{name}_w", weight), graph.floats(f"{name}_bias", bias)]
    return graph.add("Relu", [graph.add("Gemm", inputs, f"{name}_sum")], f"{name}_hidden")


def _add_novelty(graph: _Graph, novelty: NoveltyModel) -> None:
    """Add the distance of the embedding to the nearest centre, in units of ``scale``."""
    x = graph.add("MatMul", ["embedding", graph.floats("whiten", novelty.whiten)], "whitened")
    x = graph.add("Unsqueeze", [x, graph.shape("axis_centres", 1)], "whitened_rows")
    x = graph.add("Sub", [x, graph.floats("centres", novelty.centres[None])], "offsets")
    x = graph.add("ReduceL2", [x], "distances", axes=[2], keepdims=0)
    x = graph.add("ReduceMin", [x], "nearest", axes=[1], keepdims=0)
    graph.add("Div", [x, graph.floats("novelty_scale", novelty.scale)], "novelty")
