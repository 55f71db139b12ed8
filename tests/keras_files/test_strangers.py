"""A stranger's file runs nothing, reads nothing outside itself, and is refused with a reason.

One test for each published way in. The files are built by hand, as an attacker would.
"""

from __future__ import annotations

import base64
import json
import marshal
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
from click.testing import CliRunner
from fixtures_archives import BAD_ENTRIES, with_bad_entries

from hemavision.cli import main


@pytest.fixture
def sentinel(tmp_path):
    """The file that an attack would create."""
    return tmp_path / "it-ran"


def convert(path: Path, target: str = "out.onnx") -> str:
    """Run ``hemavision convert`` on a file that must be refused; return the error."""
    out = path.with_name(target)
    result = CliRunner().invoke(main, ["convert", str(path), str(out)])
    assert result.exit_code == 1, result.output
    assert not isinstance(result.exception, Exception), result.exception
    assert not out.exists()
    return result.output


def layer(kind: str, config: dict, inputs: list, **more) -> dict:
    return {"class_name": kind, "config": config, "name": config.get("name"),
            "inbound_nodes": inputs, **more}  # fmt: skip


def model_with(*layers: dict) -> dict:
    start = layer("InputLayer", {"name": "image", "batch_shape": [None, 8, 8, 3]}, [])
    last = layers[-1]["name"]
    config = {
        "name": "model",
        "layers": [start, *layers],
        "input_layers": [["image", 0, 0]],
        "output_layers": [[last, 0, 0]],
    }
    return {"module": "keras", "class_name": "Functional", "config": config}


def archive(path: Path, config: dict, weights: bytes = b"") -> Path:
    with zipfile.ZipFile(path, "w") as stream:
        stream.writestr("metadata.json", '{"keras_version": "3.0.0"}')
        stream.writestr("config.json", json.dumps(config))
        stream.writestr("model.weights.h5", weights or empty_h5(path))
    return path


def empty_h5(near: Path) -> bytes:
    scratch = near.with_name("scratch.h5")
    with h5py.File(scratch, "w") as file:
        file.create_group("layers")
    content = scratch.read_bytes()
    scratch.unlink()
    return content


def full_h5(path: Path, config: dict) -> Path:
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(config)
        file.create_group("model_weights")
    return path


def lambda_layer(sentinel: Path) -> dict:
    """A Lambda whose marshalled code would create the sentinel."""
    code = compile(f"open({str(sentinel)!r}, 'w')", "attack", "eval")
    body = base64.b64encode(marshal.dumps(code)).decode()
    function = {"class_name": "__lambda__", "config": {"code": body, "defaults": None}}
    config = {"name": "innocent", "function": function}
    return layer("Lambda", config, [[["image", 0, 0, {}]]])


def test_cve_2024_3660_lambda_in_an_older_h5(tmp_path, sentinel):
    config = model_with(lambda_layer(sentinel))
    raw = ["AQAAAAAAAAAAAAAA", None, None]  # Keras 2 kept the code itself
    config["config"]["layers"][1]["config"] |= {"function": raw, "function_type": "lambda"}
    text = convert(full_h5(tmp_path / "model.h5", config))
    assert "'Lambda': code in a model file is never run" in text
    assert "innocent" in text
    assert not sentinel.exists()


def test_cve_2025_1550_any_function_of_any_module(tmp_path, sentinel):
    call = {
        "module": "os", "class_name": "function", "config": "system", "registered_name": "system",
    }  # fmt: skip
    node = {"args": [f"touch {sentinel}"], "kwargs": {}}
    attack = {**call, "name": "innocent", "inbound_nodes": [node]}
    text = convert(archive(tmp_path / "model.keras", model_with(attack)))
    assert "'function': code in a model file is never run" in text
    assert not sentinel.exists()


def test_cve_2025_8747_keras_own_functions_as_gadgets(tmp_path, sentinel):
    gadget = {
        "module": "keras.utils", "class_name": "get_file", "registered_name": None,
        "config": {"fname": str(sentinel), "origin": "file:///etc/hostname"},
    }  # fmt: skip
    attack = layer(
        "Dense",
        {"name": "innocent", "units": 4, "activation": gadget},
        [[["image", 0, 0, {}]]],
    )
    text = convert(archive(tmp_path / "model.keras", model_with(attack)))
    assert "innocent" in text
    assert "activation" in text
    assert not sentinel.exists()


def test_cve_2025_9905_lambda_in_h5_past_safe_mode(tmp_path, sentinel):
    text = convert(full_h5(tmp_path / "model.h5", model_with(lambda_layer(sentinel))))
    assert "never run" in text
    assert not sentinel.exists()


def test_cve_2025_9906_switching_safe_mode_off_first(tmp_path, sentinel):
    switch = {
        "module": "keras.config", "class_name": "enable_unsafe_deserialization",
        "config": {}, "name": "first", "inbound_nodes": [], "registered_name": None,
    }  # fmt: skip
    text = convert(archive(tmp_path / "model.keras", model_with(switch, lambda_layer(sentinel))))
    assert "is refused" in text
    assert not sentinel.exists()
    import keras

    with pytest.raises(ValueError, match=r"[Ll]ambda|unsafe"):
        keras.layers.Lambda.from_config(lambda_layer(sentinel)["config"])


def test_an_operator_of_keras_2_is_refused_with_the_way_out(tmp_path):
    attack = layer(
        "TFOpLambda",
        {"name": "tf.math.truediv", "function": "math.truediv"},
        [["image", 0, 0, {"y": 127.5}]],
    )
    text = convert(archive(tmp_path / "model.keras", model_with(attack)))
    assert "never run" in text
    assert "Rescaling(1 / 127.5, -1)" in " ".join(text.split())


@pytest.mark.parametrize("scale", ["x", None, [[1], [2, 3]], []])
def test_a_scale_that_is_no_number_is_refused(tmp_path, scale):
    scaled = layer("Rescaling", {"name": "scaled", "scale": scale}, [[["image", 0, 0, {}]]])
    pool = layer("GlobalAveragePooling2D", {"name": "pool"}, [[["scaled", 0, 0, {}]]])
    config = {"name": "answer", "units": 4, "activation": "softmax"}
    model = model_with(scaled, pool, layer("Dense", config, [[["pool", 0, 0, {}]]]))
    kernel = dense_h5(
        tmp_path / "w.h5", lambda group: group.create_dataset("0", data=np.ones((3, 4), "f"))
    )
    assert "scaled" in convert(archive(tmp_path / "model.keras", model, kernel))


def test_what_a_model_was_compiled_with_is_neither_run_nor_read(tmp_path, sentinel):
    kernel = dense_h5(
        tmp_path / "w.h5", lambda group: group.create_dataset("0", data=np.ones((3, 4), "f"))
    )
    config = dense_model() | {"compile_config": {"loss": lambda_layer(sentinel)}}
    path = archive(tmp_path / "model.keras", config, kernel)
    result = CliRunner().invoke(main, ["convert", str(path), str(tmp_path / "out.onnx")])
    assert result.exit_code == 0, result.output
    assert not sentinel.exists()


def dense_h5(path: Path, write) -> bytes:
    """Weights of one dense layer, whose kernel ``write(group)`` makes."""
    with h5py.File(path, "w") as file:
        group = file.create_group("layers/dense/vars")
        write(group)
        group["1"] = np.zeros(4, np.float32)
    return path.read_bytes()


def dense_model() -> dict:
    pool = layer("GlobalAveragePooling2D", {"name": "pool"}, [[["image", 0, 0, {}]]])
    config = {"name": "answer", "units": 4, "activation": "softmax"}
    return model_with(pool, layer("Dense", config, [[["pool", 0, 0, {}]]]))


def test_the_model_that_the_next_tests_spoil_is_sound(tmp_path):
    weights = dense_h5(
        tmp_path / "w.h5", lambda group: group.create_dataset("0", data=np.ones((3, 4), "f"))
    )
    path = archive(tmp_path / "model.keras", dense_model(), weights)
    result = CliRunner().invoke(main, ["convert", str(path), str(tmp_path / "out.onnx")])
    assert result.exit_code == 0, result.output


def test_cve_2026_0897_shape_bomb(tmp_path):
    weights = dense_h5(
        tmp_path / "w.h5",
        lambda group: group.create_dataset("0", (200_000, 200_000), "f4", chunks=(100, 100)),
    )
    text = convert(archive(tmp_path / "model.keras", dense_model(), weights))
    assert "declares 160000000000 bytes" in text
    assert "shape bomb" in text


@pytest.mark.parametrize("way", ["link", "soft", "storage", "virtual"])
def test_cve_2026_1669_reading_other_files(tmp_path, way):
    secret = tmp_path / "secret.h5"
    with h5py.File(secret, "w") as file:
        file["kernel"] = np.full((3, 4), 7, np.float32)

    def write(group: h5py.Group) -> None:
        if way == "link":
            group["0"] = h5py.ExternalLink(str(secret), "/kernel")
        elif way == "soft":
            group.file["hidden"] = h5py.ExternalLink(str(secret), "/kernel")
            group["0"] = h5py.SoftLink("/hidden")
        elif way == "storage":
            group.create_dataset("0", (3, 4), "f4", external=[(str(secret), 0, 48)])
        else:
            layout = h5py.VirtualLayout((3, 4), "f4")
            layout[:] = h5py.VirtualSource(str(secret), "kernel", (3, 4))
            group.create_virtual_dataset("0", layout)

    weights = dense_h5(tmp_path / "w.h5", write)
    text = convert(archive(tmp_path / "model.keras", dense_model(), weights))
    assert "is refused" in text
    assert {"link": "external link", "soft": "link", "storage": "another file",
            "virtual": "virtual"}[way] in text  # fmt: skip


def test_group_reached_through_an_outside_link_is_refused(tmp_path):
    secret = tmp_path / "secret.h5"
    with h5py.File(secret, "w") as file:
        file["vars/0"] = np.zeros((3, 4), np.float32)
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file.create_group("layers")["dense"] = h5py.ExternalLink(str(secret), "/")
    content = (tmp_path / "w.h5").read_bytes()
    text = convert(archive(tmp_path / "model.keras", dense_model(), content))
    assert "external link" in text


def test_zip_bomb(tmp_path):
    path = tmp_path / "model.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as stream:
        stream.writestr("config.json", json.dumps(dense_model()))
        stream.writestr("model.weights.h5", bytes(200 * 2**20))
    assert path.stat().st_size < 2**20
    assert "zip bomb" in convert(path)


@pytest.mark.parametrize("kind", BAD_ENTRIES)
def test_a_bad_entry_is_named(tmp_path, kind):
    entries = {"config.json": json.dumps(dense_model()).encode(), kind: empty_h5(tmp_path / "x")}
    content = with_bad_entries(entries, {kind: "model.weights.h5"})
    (tmp_path / "model.keras").write_bytes(content)
    text = convert(tmp_path / "model.keras")
    assert "model.weights.h5: " in text
    assert BAD_ENTRIES[kind][1] in text


def test_a_bad_entry_that_no_model_needs_is_not_looked_at(tmp_path):
    kernel = dense_h5(
        tmp_path / "w.h5", lambda group: group.create_dataset("0", data=np.ones((3, 4), "f"))
    )
    entries = {"config.json": json.dumps(dense_model()).encode(), "model.weights.h5": kernel}
    content = with_bad_entries({**entries, **dict.fromkeys(BAD_ENTRIES, kernel)})
    (tmp_path / "model.keras").write_bytes(content)
    command = ["convert", str(tmp_path / "model.keras"), str(tmp_path / "out.onnx")]
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 0, result.output


def test_custom_object_names_its_author(tmp_path):
    config = {"name": "mine", "rate": 1}
    own = layer("Noise", config, [[["image", 0, 0, {}]]], registered_name="evil>Noise")
    assert "evil>Noise" in convert(archive(tmp_path / "model.keras", model_with(own)))


def test_unknown_layer_is_named_with_what_is_known(tmp_path):
    own = layer("LSTM", {"name": "memory", "units": 3}, [[["image", 0, 0, {}]]])
    text = convert(archive(tmp_path / "model.keras", model_with(own)))
    assert "'memory' is a 'LSTM'" in text
    assert "SeparableConv2D" in text


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut short", b"hello", b"\x89HDF\r\n\x1a\n"])
@pytest.mark.parametrize("name", ["model.keras", "model.h5"])
def test_damaged_file_is_an_error_in_words(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    assert name in convert(tmp_path / name)


def test_configuration_nested_without_end(tmp_path):
    deep: object = 1
    for _ in range(300):
        deep = {"a": deep}
    config = dense_model() | {"extra": deep}
    assert "without end" in convert(archive(tmp_path / "model.keras", config))
