"""Writes any classifier, or a detector, as a bundle: one ONNX file.

A classifier's holds the Grad-CAM of every type. Files appear whole or not at all, also where two
processes write the same one.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper

from hemavision.errors import BundleError
from hemavision.graph.doubt import ForeignModel, NoveltyModel, add_colours, add_foreign, add_novelty
from hemavision.graph.gradcam import Attribute, Head, add_heatmaps, add_morphology, find_head
from hemavision.graph.kinds import config_of
from hemavision.graph.layers import add_forward
from hemavision.graph.network import Network
from hemavision.graph.onnx_graph import Forward, Graph
from hemavision.graph.shapes import shapes_of
from hemavision.reading.bundle import MANIFEST_KEY, Manifest
from hemavision.reading.finding.manifest import MANIFEST_KEY as DETECTOR_KEY
from hemavision.reading.finding.manifest import DetectorManifest


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Give a name to write to, beside ``path`` and with its suffix, that becomes ``path`` then.

    No other writer gets the same name. What an error leaves behind is removed.
    """
    part = path.with_name(f"part-{secrets.token_hex(8)}-{path.name}")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


#: Operator set: the oldest that has everything used here, for the widest choice of readers.
OPSET, IR_VERSION = 17, 8
#: Where the metadata keeps the network's configuration, so that Keras can have it back.
NETWORK_KEY = "hemavision.network"
#: The input as floats, channels first, 0 to 255.
PIXELS = "input:channels_first"


@dataclass(frozen=True)
class Scaling:
    """How a network was taught to see an image: (value − mean) / deviation, by channel.

    Attributes:
        mean: of red, green, blue (or the network's own order), on the scale 0 to 255.
        deviation: likewise.
        bgr: whether the network takes blue first.
    """

    mean: tuple[float, float, float]
    deviation: tuple[float, float, float]
    bgr: bool = False


#: By the names that ``hemavision convert --scaling`` takes.
SCALINGS = {
    "minus-one-to-one": Scaling((127.5,) * 3, (127.5,) * 3),
    "zero-to-one": Scaling((0.0,) * 3, (255.0,) * 3),
    "none": Scaling((0.0,) * 3, (1.0,) * 3),
    # The means and deviations of ImageNet, as torchvision and Caffe models take them.
    "torch": Scaling((123.675, 116.28, 103.53), (58.395, 57.12, 57.375)),
    "caffe": Scaling((103.939, 116.779, 123.68), (1.0,) * 3, bgr=True),
}


@dataclass(frozen=True)
class BundleParts:
    """All that a bundle is written from.

    Attributes:
        network: as it was trained: its probabilities are those before calibration. Its logits
            divided by the manifest's temperature are the bundle's.
        manifest: what the bundle says about itself.
        scaling: what the network wants its pixels to be.
        novelty: what is familiar; nothing counts as novel without it.
        attributes: what can be said about a cell's looks.
        foreign: which colours are known; no laboratory counts as foreign without it.
    """

    network: Network
    manifest: Manifest
    scaling: Scaling
    novelty: NoveltyModel | None = None
    attributes: tuple[Attribute, ...] = ()
    foreign: ForeignModel | None = None


def check_convertible(network: Network, cell_types: tuple[str, ...]) -> Head:
    """Return the network's head, after every check that needs no file.

    Raises:
        BundleError: the network is not sound, its head allows no exact Grad-CAM, or it has
            another number of outputs than there are types.
    """
    shapes = shapes_of(network)
    head = find_head(network, shapes)
    (units,) = shapes[head.logits.name]
    if units != len(cell_types):
        raise BundleError(
            f"The network tells {units} types apart and {len(cell_types)} are named "
            f"({', '.join(cell_types)}). Name them all, in the order of its outputs."
        )
    channels = network.input_shape[2]
    if channels != 3:
        raise BundleError(f"The network takes {channels} channels; HemaVision gives it RGB.")
    return head


def write_network(parts: BundleParts, path: Path) -> None:
    """Write the bundle ``path``, whole or not at all.

    Raises:
        BundleError: see :func:`check_convertible`; nothing is written then.
    """
    network, manifest, foreign = parts.network, parts.manifest, parts.foreign
    head = check_convertible(network, manifest.cell_types)
    graph = Graph()
    forward = add_forward(graph, network, add_input(graph, parts.scaling))
    embedding = _add_embedding(forward, head)
    novelty = parts.novelty or NoveltyModel.neutral(forward.shapes[head.features][-1])
    add_novelty(graph, novelty, embedding, "novelty")
    if foreign:
        colours = add_colours(graph, PIXELS, manifest.preprocess.size_px)
        add_foreign(graph, foreign, colours, "foreign")
    _add_answer(graph, forward.sums[head.logits.name], manifest)
    add_heatmaps(forward, head, "heatmaps")
    height, width, channels = forward.shapes[head.features]
    features = (forward.results[head.features], forward.shapes[head.features])
    looks = add_morphology(graph, parts.attributes, embedding, features)
    size = manifest.preprocess.size_px
    kinds = len(manifest.cell_types)
    proto = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "hemavision",
            [helper.make_tensor_value_info("image", TensorProto.UINT8, ["N", size, size, 3])],
            [
                _floats("probabilities", ["N", kinds]),
                _floats("heatmaps", ["N", kinds, height, width]),
                _floats("embedding", ["N", channels]),
                _floats("novelty", ["N"]),
                *([_floats("foreign", ["N"])] if foreign else []),
                *(_floats(name, shape) for name, shape in looks),
            ],
            initializer=graph.initializers,
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        producer_name="hemavision",
        ir_version=IR_VERSION,
    )
    architecture = json.dumps(config_of(network))
    helper.set_model_props(proto, {MANIFEST_KEY: manifest.to_json(), NETWORK_KEY: architecture})
    write_model(proto, path)


def write_model(proto: Any, path: Path) -> None:
    """Check an ONNX model and write it as the file ``path``, whole or not at all."""
    onnx.checker.check_model(proto)
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as part:
        part.write_bytes(proto.SerializeToString())


def _floats(name: str, shape: list[Any]) -> Any:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def add_input(graph: Graph, scaling: Scaling) -> str:
    """Add what a network takes, N×C×H×W in its own scale, of ``image``, uint8 N×H×W×3."""
    x = graph.add("Cast", ["image"], "input:float", to=TensorProto.FLOAT)
    x = graph.add("Transpose", [x], PIXELS, perm=[0, 3, 1, 2])
    if scaling.bgr:
        x = graph.add("Gather", [x, graph.ints("input:order", 2, 1, 0)], "input:bgr", axis=1)
    mean = np.array(scaling.mean, np.float32).reshape(3, 1, 1)
    deviation = np.array(scaling.deviation, np.float32).reshape(3, 1, 1)
    x = graph.add("Sub", [x, graph.floats("input:mean", mean)], "input:centred")
    return graph.add("Div", [x, graph.floats("input:deviation", deviation)], "input:scaled")


def _add_answer(graph: Graph, sums: str, manifest: Manifest) -> None:
    temperature = graph.floats("temperature", manifest.temperature)
    logits = graph.add("Div", [sums, temperature], "logits")
    graph.add("Softmax", [logits], "probabilities", axis=1)


def _add_embedding(forward: Forward, head: Head) -> str:
    """Add the embedding, N×D; return its name."""
    graph = forward.graph
    if head.mean:
        mean = forward.results[head.mean]
    else:
        mean = graph.add("GlobalAveragePool", [forward.results[head.features]], "embedding:mean")
    return graph.add("Flatten", [mean], "embedding", axis=1)


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
    helper.set_model_props(proto, {DETECTOR_KEY: manifest.to_json()})
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
