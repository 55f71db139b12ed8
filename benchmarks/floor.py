"""The floor of a pass: what a shipped graph multiplies and adds, and how fast the machine can.

Multiply-adds are counted in the graph. The machine's own rates are those of one large matrix
product through the same runtime, in float32, bfloat16 and int8, in turns with the passes; the best
round of each counts, in which the machine did least else. A pass at the floor would run at the best
rate; depthwise convolutions (``by channel``) cannot: what they read is used a few times only.

    python benchmarks/floor.py --rounds 15 --threads 1
"""

from __future__ import annotations

import argparse
import math
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper, shape_inference

from hemavision.reading.bundle import find_bundle
from hemavision.reading.finding.detector import find_detector
from hemavision.reading.onnx_session import open_network

#: Side of the matrices: large enough for the rate to be the processor's, not the memory's.
SIDE = 1024
INPUT = "image"
Run = Callable[[], object]


@dataclass(frozen=True)
class Pass:
    """A shipped graph at work: its name, its file, and the shape that it is given."""

    name: str
    path: Path
    shape: tuple[int, int, int, int]


def shipped() -> list[Pass]:
    """Return what is shipped, each as reading asks it: a cell's views at once, one field."""
    return [
        Pass("eight-types, a cell's two views", find_bundle("eight-types"), (2, 160, 160, 3)),
        Pass("unseen-cells, a cell", find_bundle("unseen-cells"), (1, 224, 224, 3)),
        Pass("the detector, 640×480 px", find_detector("cells"), (1, 256, 320, 3)),
    ]


def multiply_adds(path: Path, shape: tuple[int, ...]) -> Counter[str]:
    """Return how many multiply-adds a pass takes, in ``matrices`` and ``by channel``."""
    graph = _sized(path, shape)
    shapes = {v.name: [d.dim_value for d in v.type.tensor_type.shape.dim]
              for v in (*graph.value_info, *graph.output, *graph.input)}  # fmt: skip
    shapes |= {tensor.name: list(tensor.dims) for tensor in graph.initializer}
    counted: Counter[str] = Counter()
    for node in graph.node:
        if node.op_type == "Conv":
            channels, *window = shapes[node.input[1]][1:]
            kind = "by channel" if channels == 1 else "matrices"
            counted[kind] += math.prod(shapes[node.output[0]]) * channels * math.prod(window)
        elif node.op_type in ("Gemm", "MatMul"):
            counted["matrices"] += math.prod(shapes[node.output[0]]) * shapes[node.input[0]][-1]
    return counted


def _sized(path: Path, shape: tuple[int, ...]) -> onnx.GraphProto:
    model = onnx.load(path)
    for dim, size in zip(model.graph.input[0].type.tensor_type.shape.dim, shape, strict=True):
        dim.dim_value = size
    for output in model.graph.output:  # theirs follow from the input's
        output.type.tensor_type.ClearField("shape")
    return shape_inference.infer_shapes(model, data_prop=True).graph


def rates(threads: int) -> dict[str, Run]:
    """Return a large matrix product in each kind of number that the runtime has here."""
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, SIDE, SIDE)).astype(np.float32)
    products: dict[str, Run] = {"numpy, float32": lambda: a @ b}
    kinds = {
        "float32": ("MatMul", TensorProto.FLOAT, TensorProto.FLOAT, TensorProto.FLOAT),
        "bfloat16": ("MatMul", TensorProto.BFLOAT16, TensorProto.BFLOAT16, TensorProto.BFLOAT16),
        "int8": ("MatMulInteger", TensorProto.UINT8, TensorProto.INT8, TensorProto.INT32),
    }
    for name, (operator, *types) in kinds.items():
        try:
            products[name] = _product(operator, types, threads)
        except Exception as error:  # onnxruntime's errors share no public base class
            print(f"{name}: not by this runtime here ({str(error).splitlines()[0][:80]})")
    return products


def _product(operator: str, types: list[int], threads: int) -> Run:
    values = np.random.default_rng(1).integers(0, 64, (SIDE, SIDE))
    dtype = helper.tensor_dtype_to_np_dtype(types[1])
    # The second matrix is a constant, as weights are: the runtime lays it out once.
    constant = numpy_helper.from_array(values.astype(dtype), "b")
    node = helper.make_node(operator, ["a", "b"], ["c"])
    ends = [
        helper.make_tensor_value_info(n, t, [SIDE, SIDE])
        for n, t in zip("ac", types[::2], strict=True)
    ]
    graph = helper.make_graph([node], operator, ends[:1], ends[1:], [constant])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    given = onnxruntime.OrtValue.ortvalue_from_numpy_with_onnx_type(
        values.astype(helper.tensor_dtype_to_np_dtype(types[0])), types[0]
    )
    return lambda: session.run_with_ort_values(["c"], {"a": given})


def measure(ways: dict[str, Run], rounds: int) -> dict[str, float]:
    """Return the seconds of each way's best round, all ways in turns."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for way in ways.values():
        way()
    for _ in range(rounds):
        for name, way in ways.items():
            started = time.perf_counter()
            way()
            seconds[name].append(time.perf_counter() - started)
    return {name: min(values) for name, values in seconds.items()}


def passing(one: Pass, threads: int) -> Run:
    """Return a function that runs a graph once, opened as reading opens it."""
    session = open_network(one.path, threads).session
    image = np.random.default_rng(1).integers(0, 256, one.shape, np.uint8)
    return lambda: session.run(None, {INPUT: image})


def report(threads: int, rounds: int) -> None:
    """Print the machine's rates, and how near each shipped graph comes to its floor."""
    products, passes = rates(threads), shipped()
    ways = products | {one.name: passing(one, threads) for one in passes}
    seconds = measure(ways, rounds)
    speed = {name: SIDE**3 / seconds[name] for name in products}
    print(
        f"\n{threads or 'all'} threads, {rounds} rounds; a product of two {SIDE}×{SIDE} matrices:"
    )
    for name, rate in speed.items():
        print(f"{name:36} {rate / 1e9:7.1f} thousand million multiply-adds a second")
    for one in passes:
        counted = multiply_adds(one.path, one.shape)
        floor = counted.total() / max(rate for name, rate in speed.items() if "float32" in name)
        print(
            f"{one.name:36} {counted.total() / 1e6:7.0f} million, "
            f"{counted['by channel'] / counted.total():.0%} of them by channel: "
            f"floor {1000 * floor:.1f} ms, takes {1000 * seconds[one.name]:.1f} ms "
            f"({floor / seconds[one.name]:.0%} of the machine's rate)"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=1, help="0: as many as cores")
    options = parser.parse_args()
    report(options.threads, options.rounds)


if __name__ == "__main__":
    main()
