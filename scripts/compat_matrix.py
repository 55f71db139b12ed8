"""Proves conversion between real versions of Keras, each in a virtual environment of its own.

    python scripts/compat_matrix.py [--environments FOLDER]

In each environment the network is built, trained a step on real crops and saved every way;
here each file is converted every way; then each environment opens what came from every other
with its plain ``load_model``. Probabilities must agree within 1e-5, heatmaps (against automatic
differentiation where the file was made) within 1e-4 of their norm. Writes docs/results/compat.json
and docs/compat-matrix.md, and fails if anything differs.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from hemavision.bundle import MAX_BUNDLE_BYTES
from hemavision.cells import FOUR_TYPES
from hemavision.compat.convert import Options, convert_model
from hemavision.detection import locate_cell
from hemavision.images import open_image
from hemavision.preprocess import crop_and_resize
from hemavision.runtime import OnnxEngine
from hemavision.settings import data_folder

ROOT = Path(__file__).parents[1]
PROBABILITY, HEATMAP = 1e-5, 1e-4


@dataclass(frozen=True)
class Environment:
    """A Keras to be proven: its requirements, and the variables that choose it."""

    name: str
    title: str
    requirements: tuple[str, ...]
    variables: dict[str, str] = field(default_factory=dict)


ENVIRONMENTS = (
    Environment("keras-2.13", "TensorFlow 2.13.1, Keras 2.13", ("tensorflow-cpu==2.13.1",)),
    Environment("keras-2.15", "TensorFlow 2.15.1, Keras 2.15", ("tensorflow-cpu==2.15.1",)),
    Environment("keras-3", "TensorFlow, Keras 3", ("tensorflow-cpu", "keras")),
    Environment(
        "tf-keras",
        "tf_keras beside Keras 3",
        ("tensorflow-cpu", "tf_keras"),
        {"HEMAVISION_USE_TF_KERAS": "1"},
    ),
    Environment("keras-3-jax", "Keras 3 on JAX", ("jax", "keras"), {"KERAS_BACKEND": "jax"}),
)


def main() -> int:
    """Make the environments, run all of it, write the record and the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--environments", type=Path, default=ROOT / ".compat")
    folder = parser.parse_args().environments
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        np.save(work / "crops.npy", _crops())
        pythons = {env.name: _environment(env, folder) for env in ENVIRONMENTS}
        versions = {
            env.name: json.loads(_run(env, pythons[env.name], "make", str(work), env.name)[-1])
            for env in ENVIRONMENTS
        }
        record: dict[str, Any] = {
            "versions": {env.title: versions[env.name]["keras"] for env in ENVIRONMENTS},
            "to_bundle": [_to_bundle(env, work) for env in ENVIRONMENTS],
            "opened": {},
        }
        for env in ENVIRONMENTS:
            lines = _run(env, pythons[env.name], "check", str(work))
            record["opened"][env.title] = [json.loads(line) for line in lines]
    (ROOT / "docs" / "results" / "compat.json").write_text(json.dumps(record, indent=1) + "\n")
    page, sound = _page(record)
    (ROOT / "docs" / "compat-matrix.md").write_text(page, encoding="utf-8")
    print(page)
    return 0 if sound else 1


def _crops() -> np.ndarray:
    """Two real crops of each type: uint8 8×224×224×3."""
    root = data_folder() / "kaggle_wbc" / "TRAIN"
    paths = [p for t in FOUR_TYPES for p in sorted((root / t.upper()).iterdir())[:40:20]]
    photos = [open_image(path).rgb for path in paths]
    return np.stack([crop_and_resize(rgb, locate_cell(rgb), 224) for rgb in photos])


def _environment(env: Environment, folder: Path) -> Path:
    """Return the environment's Python; install on first use."""
    python = folder / env.name / "bin" / "python"
    if not (folder / env.name / ".ready").exists():
        print(f"Installing {env.title}.", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder / env.name], check=True)
        constrained = [] if "==" in env.requirements[0] else ["-c", ROOT / "constraints.txt"]
        command = [python, "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
        needed = [*env.requirements, "h5py", "onnx"]
        subprocess.run([*command, *constrained, *needed], check=True, stdin=subprocess.DEVNULL)
        (folder / env.name / ".ready").touch()
    return python


def _run(env: Environment, python: Path, *arguments: str) -> list[str]:
    worker = ROOT / "scripts" / "compat_worker.py"
    variables = os.environ | {"PYTHONPATH": str(ROOT / "src"), **env.variables}
    done = subprocess.run(
        [python, worker, *arguments], env=variables, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{env.title} failed:\n{done.stderr[-3000:]}")
    return [line for line in done.stdout.splitlines() if line.startswith("{")]


def _to_bundle(env: Environment, work: Path) -> dict[str, Any]:
    """Convert the environment's three files to bundles, and on to what the others open."""
    expected = np.load(work / f"{env.name}.npz")
    row: dict[str, Any] = {"origin": env.title}
    for suffix in (".keras", ".h5", ".weights.h5"):
        bundle = work / f"bundle-{env.name}.onnx"
        convert_model(work / f"{env.name}{suffix}", bundle, Options())
        assert bundle.stat().st_size < MAX_BUNDLE_BYTES
        ours = OnnxEngine(bundle).run(np.load(work / "crops.npy"))
        error = np.linalg.norm(ours.heatmaps - expected["heatmaps"])
        row[suffix] = {
            "probability": float(np.abs(ours.probabilities - expected["probabilities"]).max()),
            "heatmap": float(error / np.linalg.norm(expected["heatmaps"])),
        }
    for suffix in (".h5", ".keras"):
        convert_model(bundle, work / f"to-{env.name}{suffix}", Options())
    return row


def _page(record: dict[str, Any]) -> tuple[str, bool]:
    """Return the page, and whether all of it agrees."""
    sound = True

    def cell(result: dict[str, Any]) -> str:
        nonlocal sound
        good = (
            "error" not in result
            and result["probability"] <= PROBABILITY
            and result["heatmap"] <= HEATMAP
        )
        sound &= good
        if "error" in result:
            return result["error"].replace("|", "/")
        return f"{'✓' if good else '✗'} {result['probability']:.0e} / {result['heatmap']:.0e}"

    lines = [
        "# Between versions of Keras",
        "",
        "Generated by `make compat`: the network of the shipped models, built, trained a step and",
        "saved in each environment. Each cell: the largest difference of a probability / the",
        "relative error of the heatmaps, on eight real cells.",
        "",
        "## Converted to a bundle, from each format",
        "",
        "| saved by | `.keras` | `.h5` | `.weights.h5` |",
        "|---|---|---|---|",
    ]
    for row in record["to_bundle"]:
        cells = [cell(row[suffix]) for suffix in (".keras", ".h5", ".weights.h5")]
        lines.append(f"| {row['origin']} | {' | '.join(cells)} |")
    titles = {env.name: env.title for env in ENVIRONMENTS}
    for suffix, note in ((".h5", "every Keras opens it"), (".keras", "Keras 3 opens it")):
        opened_by = {
            title: results
            for title, results in record["opened"].items()
            if suffix == ".h5" or record["versions"][title].startswith("3")
        }
        lines += ["", f"## From the bundle to `{suffix}`: {note}", ""]
        lines.append(f"| saved by ↓, opened by → | {' | '.join(opened_by)} |")
        lines.append("|---" * (len(opened_by) + 1) + "|")
        for name, title in titles.items():
            cells = [
                cell(next(r for r in results if r["origin"] == name and r["format"] == suffix))
                for results in opened_by.values()
            ]
            lines.append(f"| {title} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n", sound


if __name__ == "__main__":
    sys.exit(main())
