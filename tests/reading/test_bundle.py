"""A stranger's bundle is data: refused with a reason where it is anything else."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from hemavision.errors import BundleError
from hemavision.reading import bundle
from hemavision.reading.bundle import (
    MANIFEST_KEY,
    Manifest,
    clone_bundles,
    find_bundle,
    shipped_bundles,
)
from hemavision.reading.engine import OnnxEngine
from hemavision.reading.preprocess import PreprocessSpec
from hemavision.records.cells import FOUR_TYPES


@pytest.fixture
def manifest():
    return Manifest("test", FOUR_TYPES, PreprocessSpec(), 0.9, 1.5, "ab", {"seed": 1}, {"x": 2.0})


def test_manifest_comes_back_as_it_went(manifest):
    assert Manifest.from_json(manifest.to_json()) == manifest


def test_shipped_bundles_are_small_and_found_by_name():
    names = [path.stem for path in shipped_bundles()]
    assert names == ["eight-types", "unseen-cells"]
    for name in names:
        assert find_bundle(name).stat().st_size < 20 * 2**20


def test_a_clone_finds_what_is_not_in_the_wheel_and_the_wheel_says_where_it_is(
    tmp_path, monkeypatch
):
    names = {path.stem for path in clone_bundles()}
    assert names >= {"seed", "lab-out-bccd", "type-out-basophil"}
    assert not {name for name in names if "detector" in name}
    assert find_bundle("seed") == bundle.IN_CLONE / "seed.onnx"
    monkeypatch.setattr(bundle, "IN_CLONE", tmp_path)
    assert clone_bundles() == []
    with pytest.raises(BundleError, match=r"'seed' is not in the wheel.* bundles/ of .*repository"):
        find_bundle("seed")
    with pytest.raises(BundleError, match=r"neither a file nor a shipped model \(eight-types, un"):
        find_bundle("lab-out-bccd")


def strange_model(manifest_text: str | None, *, external: bytes = b"") -> bytes:
    """An ONNX file that adds 100 weights; ``external`` takes them from a file beside it."""
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[100])
    if external:
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in (("location", external.decode()), ("offset", "0"), ("length", "400")):
            entry = tensor.external_data.add()
            entry.key, entry.value = key, value
    else:
        tensor.raw_data = np.zeros(100, np.float32).tobytes()
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [100]) for n in ("x", "y")]
    node = helper.make_node("Add", ["x", "w"], ["y"])
    graph = helper.make_graph([node], "g", ends[:1], ends[1:], [tensor])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    if manifest_text is not None:
        helper.set_model_props(model, {MANIFEST_KEY: manifest_text})
    return model.SerializeToString()


def refused(tmp_path, content: bytes) -> str:
    path = tmp_path / "stranger.onnx"
    path.write_bytes(content)
    with pytest.raises(BundleError) as error:
        OnnxEngine(path)
    assert "stranger.onnx" in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("padding", [b"\n\x08", b"\n\x88\x00", b"\x8a\x80\x00\x88\x80\x00"])
def test_weights_in_other_files_are_refused(tmp_path, monkeypatch, manifest, padding):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret").write_bytes(b"A" * 400)
    content = strange_model(manifest.to_json(), external=b"secret")
    assert "other files" in refused(
        tmp_path, content.replace(b"\n\x08location", padding + b"location")
    )


def test_plain_onnx_is_no_bundle(tmp_path):
    assert "hemavision export" in refused(tmp_path, strange_model(None))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 99}', "nonsense"])
def test_a_damaged_manifest_is_named(tmp_path, text):
    assert "manifest" in refused(tmp_path, strange_model(text))


def test_missing_and_surplus_entries_are_named(tmp_path, manifest):
    values = json.loads(manifest.to_json())
    for changed in (values | {"surprise": 1}, {k: v for k, v in values.items() if k != "name"}):
        assert "manifest" in refused(tmp_path, strange_model(json.dumps(changed)))


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999"])
def test_a_number_that_is_none_is_named(tmp_path, manifest, number):
    text = manifest.to_json().replace('"temperature": 1.5', f'"temperature": {number}')
    assert f"holds the number {number}" in refused(tmp_path, strange_model(text))


def test_missing_outputs_are_named(tmp_path, manifest):
    assert "heatmaps" in refused(tmp_path, strange_model(manifest.to_json()))


def test_a_huge_file_is_refused_unread(tmp_path, monkeypatch):
    monkeypatch.setattr(bundle, "MAX_BUNDLE_BYTES", 10)
    assert "11 bytes" in refused(tmp_path, b"x" * 11)


def test_a_shipped_bundle_is_sound_onnx_with_everything_inside():
    for path in shipped_bundles():
        proto = onnx.load(path)
        onnx.checker.check_model(proto)
        assert {node.domain for node in proto.graph.node} <= {"", "ai.onnx"}


def test_a_manifest_is_frozen(manifest):
    with pytest.raises(dataclasses.FrozenInstanceError):
        manifest.name = "other"


@pytest.mark.parametrize("name", ["../../out", "a/b", "a\\b", ".hidden", "", "x" * 81, "a\nb", 3])
def test_a_type_s_name_leads_nowhere(name: object) -> None:
    preprocess = PreprocessSpec()
    with pytest.raises(BundleError, match="cannot name a cell type"):
        Manifest("m", ("neutrophil", name), preprocess, 0.9, 1.0, "")  # type: ignore[arg-type]
    assert Manifest("m", ("T cell (large)", "Zelltyp_ä-1"), preprocess, 0.9, 1.0, "")
