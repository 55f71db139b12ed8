"""Writes the detector as one ONNX file."""

from __future__ import annotations

from pathlib import Path

from onnx import TensorProto, helper

from hemavision.compat.bundle_writer import (
    IR_VERSION,
    OPSET,
    SCALINGS,
    add_input,
    write_model,
)
from hemavision.compat.network import Network
from hemavision.compat.onnx_graph import Graph
from hemavision.compat.onnx_layers import add_forward
from hemavision.reading.finding.manifest import MANIFEST_KEY, DetectorManifest

#: The sides that padding is worked out for; "same" pads alike for every multiple of 32.
ANY_PX = 256


def write_detector(network: Network, manifest: DetectorManifest, path: Path) -> None:
    """Write ``network``, a trained :mod:`hemavision.models.cell_detector`, as ``path``.

    The graph takes ``image``, uint8 N×H×W×3 with sides that are multiples of 32, and gives
    ``scores`` N×3×H/4×W/4, each kind's probability where it is a peak among its neighbours and 0
    elsewhere, and ``edges`` N×4×H/4×W/4, the distances in pixels to left, top, right and bottom.

    Raises:
        BundleError: the network is not sound.
    """
    graph = Graph()
    sized = network.with_input(ANY_PX, ANY_PX)
    forward = add_forward(graph, sized, add_input(graph, SCALINGS["minus-one-to-one"]))
    answer, kinds = forward.results[sized.output.name], len(manifest.kinds)
    _add_peaks(graph, _channels(graph, answer, 0, kinds))
    logs = _channels(graph, answer, kinds, kinds + 4)
    limits = [graph.floats("edges:low", -2.0), graph.floats("edges:high", 7.0)]
    graph.add("Exp", [graph.add("Clip", [logs, *limits], "edges:logs")], "edges")
    proto = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "hemavision-detector",
            [helper.make_tensor_value_info("image", TensorProto.UINT8, ["N", "H", "W", 3])],
            [
                helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", count, "h", "w"])
                for name, count in (("scores", kinds), ("edges", 4))
            ],
            initializer=graph.initializers,
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        producer_name="hemavision",
        ir_version=IR_VERSION,
    )
    helper.set_model_props(proto, {MANIFEST_KEY: manifest.to_json()})
    write_model(proto, path)


def _channels(graph: Graph, x: str, first: int, end: int) -> str:
    bounds = [graph.ints(f"channels:{n}", n) for n in (first, end)]
    axis = graph.ints("channels:axis", 1)
    return graph.add("Slice", [x, *bounds, axis], f"answer:{first}_to_{end}")


def _add_peaks(graph: Graph, logits: str) -> None:
    """Keep what is the largest of its 3×3 neighbours."""
    scores = graph.add("Sigmoid", [logits], "scores:all")
    highest = graph.add(
        "MaxPool", [scores], "scores:highest", kernel_shape=[3, 3], pads=[1] * 4, strides=[1, 1]
    )
    peak = graph.add("GreaterOrEqual", [scores, highest], "scores:peak")
    kept = graph.add("Cast", [peak], "scores:kept", to=TensorProto.FLOAT)
    graph.add("Mul", [scores, kept], "scores")
