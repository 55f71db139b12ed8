"""Serving loads no training framework."""

from __future__ import annotations

import json
import subprocess
import sys

HEAVY = {
    "keras", "tensorflow", "jax", "torch", "onnx", "scipy", "sklearn", "matplotlib",
    "hemavision.training", "hemavision.models", "hemavision.evaluation",
}  # fmt: skip
CODE = "import json, sys, hemavision.web; print(json.dumps(sorted(sys.modules)))"


def test_importing_web_loads_neither_keras_nor_tensorflow() -> None:
    run = subprocess.run(
        [sys.executable, "-c", CODE], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = set(json.loads(run.stdout))
    assert "hemavision.web" in loaded
    assert not loaded & HEAVY


def test_answering_loads_neither_either() -> None:
    code = (
        "import json, sys, hemavision.web; "
        "client = hemavision.web.create_app().test_client(); "
        "paths = ['/health/ready', '/docs', '/api/v1/models', '/api/v1/openapi.json']; "
        "assert all(client.get(path).status_code == 200 for path in paths); "
        "print(json.dumps(sorted(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert not set(json.loads(run.stdout)) & HEAVY
