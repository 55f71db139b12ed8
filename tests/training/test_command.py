"""What a record says of a command line names no folder of the machine."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from hemavision.training.command import record_without_folders, typed, without_folders
from hemavision.training.run import CONFIG, origin_of, write_config


@pytest.mark.parametrize(
    ("word", "kept"),
    [
        ("/home/ann/cells", "cells"),
        ("/home/ann/cells/", "cells"),
        ("../ann/my cells", "'my cells'"),
        ("runs/eight", "eight"),
        ("--out=/home/ann/runs/eight", "--out=eight"),
        ("C:\\Users\\ann\\cells", "cells"),
        ("~/ann/x.onnx", "x.onnx"),
        ("/", "."),
        ("..", "."),
        ("--protocol", "--protocol"),
        ("lab-out:pbc", "lab-out:pbc"),
        ("mixed_bfloat16", "mixed_bfloat16"),
    ],
)
def test_a_path_is_its_last_name(word: str, kept: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert without_folders(["hemavision", "train", word]) == f"hemavision train {kept}"
    monkeypatch.setattr(sys, "argv", ["/opt/ann/bin/hemavision", "train", word])
    assert typed() == f"hemavision train {kept}"


def test_the_records_of_what_a_run_started_from_lose_their_folders_too(tmp_path: Path) -> None:
    older = {"weights": "ann/final.weights.h5", "command": "hemavision train '/ann/it is'"}
    config = {
        "protocol": "own",
        "command": "hemavision train /ann/x --out ann/run",
        "start": older | {"start": "ann/oldest.h5"},
        "pretrained": {"package": "features 0.1.0", "licence": "Apache-2.0"},
        "recipe": {"name": "eight-types"},
    }
    (tmp_path / "ann").mkdir()
    (tmp_path / "ann" / CONFIG).write_text(json.dumps(config))
    weights = tmp_path / "ann" / "final.weights.h5"
    weights.write_bytes(b"weights")
    origin = origin_of(weights)
    assert origin["weights"] == "final.weights.h5"
    assert origin["command"] == "hemavision train x --out run"
    assert origin["start"]["command"] == "hemavision train 'it is'"
    assert "ann" not in json.dumps(origin)
    # Whose features the first of them began with is said of all that follow.
    assert origin["pretrained"] == config["pretrained"]
    assert "recipe" not in origin
    assert record_without_folders(origin) == origin
    assert record_without_folders({"command": "train it's/here"})["command"] == "train here"


def test_a_run_that_recorded_folders_goes_on(tmp_path: Path) -> None:
    same = {"protocol": "own", "recipe": {}, "seed": 1, "precision": "float32", "data_digest": ""}
    old = same | {"start": {"weights": "run/final.h5", "sha256": "0"}}
    (tmp_path / CONFIG).write_text(json.dumps(old))
    write_config(same | {"start": {"weights": "final.h5", "sha256": "0"}}, tmp_path)
    assert json.loads((tmp_path / CONFIG).read_text()) == old
