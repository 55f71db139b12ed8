"""Writes any classifier as a bundle: one ONNX file with the Grad-CAM of every type in it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper

from hemavision.compat.colours import add_colours
from hemavision.compat.configuration import config_of
from hemavision.compat.foreign import ForeignModel, add_foreign
from hemavision.compat.forward import Forward
from hemavision.compat.gradcam import Head, add_heatmaps, find_head
from hemavision.compat.morphology import Attribute, add_morphology
from hemavision.compat.network import Network
from hemavision.compat.novelty import NoveltyModel, add_novelty
from hemavision.compat.onnx_graph import Graph
from hemavision.compat.onnx_layers import add_forward
from hemavision.compat.shapes import shapes_of
from hemavision.compat.whole import written_whole
from hemavision.errors import BundleError
from hemavision.reading.bundle import MANIFEST_KEY, Manifest

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
    colours = ""
    if novelty.colours or foreign:
        colours = add_colours(graph, PIXELS, manifest.preprocess.size_px)
    add_novelty(graph, novelty, embedding, colours, "novelty")
    if foreign:
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
