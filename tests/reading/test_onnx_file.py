"""What a stranger's ONNX file asks of a runtime is known before one sees it."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from hemavision.errors import BundleError
from hemavision.reading.bundle import shipped_bundles
from hemavision.reading.engine import OnnxEngine
from hemavision.reading.onnx_file import NEWEST_OPSET, problem_in


def model(node: onnx.NodeProto, *opsets: tuple[str, int], **more) -> onnx.ModelProto:
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [4]) for n in ("x", "y")]
    graph = helper.make_graph([node], "g", ends[:1], ends[1:])
    imports = [helper.make_opsetid(*opset) for opset in opsets or (("", 17),)]
    return helper.make_model(graph, opset_imports=imports, ir_version=8, **more)


RELU = helper.make_node("Relu", ["x"], ["y"])


def test_shipped_bundles_and_a_plain_graph_are_sound():
    for path in shipped_bundles():
        assert problem_in(path.read_bytes()) is None
    assert problem_in(model(RELU).SerializeToString()) is None


@pytest.mark.parametrize(
    ("proto", "named"),
    [
        (model(RELU, ("", 17), ("com.stranger", 1)), "com.stranger"),
        (model(RELU, ("", NEWEST_OPSET + 1)), f"operator set {NEWEST_OPSET + 1}"),
        (model(RELU, ("", 6)), "operator set 6"),
        (model(helper.make_node("Gelu", ["x"], ["y"], domain="com.microsoft")), "com.microsoft"),
        (
            model(
                RELU,
                functions=[
                    helper.make_function(
                        "own", "F", ["a"], ["b"], [RELU], [helper.make_opsetid("", 17)]
                    )
                ],
            ),
            "operators of its own",
        ),
        (
            model(
                helper.make_node("If", ["x"], ["y"], then_branch=model(RELU).graph,
                                 else_branch=model(RELU).graph)
            ),
            "graph inside a graph ('If')",
        ),
    ],
    ids=["domain", "too new", "too old", "runtime's own", "function", "subgraph"],
)  # fmt: skip
def test_what_no_bundle_has_is_named(tmp_path, proto, named):
    content = proto.SerializeToString()
    assert named in str(problem_in(content))
    path = tmp_path / "stranger.onnx"
    path.write_bytes(content)
    with pytest.raises(BundleError, match=r"stranger\.onnx"):
        OnnxEngine(path)


def test_any_bytes_are_answered():
    rng = np.random.default_rng(1)
    whole = shipped_bundles()[0].read_bytes()
    for content in (b"", b"\xff" * 40, rng.bytes(5000), whole[: len(whole) // 2]):
        assert "not a usable ONNX file" in str(problem_in(content))


def test_a_large_weight_is_stepped_over_and_not_read():
    proto = model(RELU)
    proto.graph.initializer.append(numpy_helper.from_array(np.zeros(10**6, np.float32), "w"))
    assert problem_in(proto.SerializeToString()) is None
