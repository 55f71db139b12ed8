from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

from click.testing import Result

from hemavision.cli.models import _as_text
from hemavision.reading.bundle import clone_bundles, find_bundle, sha256_of, shipped_bundles
from hemavision.records.results import NOTICE

Invoke = Callable[..., Result]
#: How many cell types a model names, where not all eight.
TYPES = {
    "seed": 4,
    "unseen-cells": 4,
    "lab-out-pbc": 5,
    "type-out-basophil": 7,
    "type-out-erythroblast": 7,
}


def test_json_describes_every_model_and_says_which_ship(invoke: Invoke) -> None:
    records = [json.loads(line) for line in invoke("models", "--json").stdout.splitlines()]
    found = {record["name"]: record["found"] for record in records}
    shipped = ["eight-types", "unseen-cells"]
    assert [name for name, where in found.items() if where == "wheel"] == shipped
    assert [name for name in found if name not in shipped] == [p.stem for p in clone_bundles()]
    assert found["seed"] == found["lab-out-bccd"] == "clone"
    assert "seed" not in {path.stem for path in shipped_bundles()}
    assert [record["name"] for record in records if record["default"]] == ["eight-types"]
    for record in records:
        content = find_bundle(record["name"]).read_bytes()
        assert record["sha256"] == sha256_of(content)
        assert record["bytes"] == len(content)
        assert len(record["cell_types"]) == TYPES.get(record["name"], 8)
        assert isinstance(record["metrics"], dict)


def test_text_marks_the_model_in_use(invoke: Invoke) -> None:
    lines = invoke("models", environment={"HEMAVISION_MODEL": "seed"}).stdout.splitlines()
    assert "* seed" in lines
    assert "  unseen-cells" in lines
    where = {name: lines[lines.index(name) + 3] for name in ("* seed", "  unseen-cells")}
    assert "not in the wheel" in where["* seed"]
    assert "shipped in the wheel" in where["  unseen-cells"]
    assert lines[-1] == NOTICE


def test_a_model_of_ones_own_is_listed_too(invoke: Invoke, tmp_path: Path) -> None:
    own = tmp_path / "own.onnx"
    shutil.copy(find_bundle("seed"), own)
    result = invoke("models", "--json", environment={"HEMAVISION_MODEL": str(own)})
    records = [json.loads(line) for line in result.stdout.splitlines()]
    assert len(records) == len(shipped_bundles()) + len(clone_bundles()) + 1
    assert records[-1]["default"]
    assert records[-1]["found"] == "file"


def test_figures_come_with_their_protocol_and_interval() -> None:
    metrics = {
        "unseen-cells": {"accuracy": 0.934, "intervals": {"accuracy": [0.88, 0.97]}},
        "seed": {"accuracy": 0.991},
    }
    record = {
        "name": "m", "default": True, "cell_types": ["a"], "bytes": 1, "sha256": "0" * 64,
        "metrics": metrics, "found": "wheel",
    }  # fmt: skip
    text = _as_text(record)
    assert "unseen-cells: accuracy 93.4% (88.0 to 97.0)" in text
    assert "seed: accuracy 99.1%" in text
    assert "not evaluated" in _as_text(record | {"metrics": {}})
