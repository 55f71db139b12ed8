"""Proves conversion between real versions of Keras, each in a virtual environment of its own.

    python scripts/compat/matrix.py [NAME ...]

In each environment (scripts/compat/environments, installed under .compat) the four-type network is
built, and in two the eight-type network too, given the shipped weights, trained a step on real
cells and saved every way. Here each file becomes a bundle, and that an ``.h5``. Then every
environment opens what came from every other. Probabilities must agree within 1e-5, heatmaps (of the
maker's automatic differentiation) within 1e-4 of their norm. Writes docs/results/compat.json and
docs/compat-matrix.md, and fails if anything differs.
With names, only those environments are looked at and nothing is written.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from hemavision.errors import HemaVisionError
from hemavision.images.opening import open_image
from hemavision.keras_files.convert import Conversion, convert_model
from hemavision.reading.bundle import Manifest, find_bundle
from hemavision.reading.engine import OnnxEngine
from hemavision.reading.finding import locate_cell
from hemavision.reading.preprocess import crop_and_resize
from hemavision.records.cells import FOUR_TYPES
from hemavision.settings import data_folder

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
PROBABILITY, HEATMAP = 1e-5, 1e-4
FORMATS = (".keras", ".h5", ".weights.h5", "-saved")
TITLES = {"-saved": "SavedModel"}


@dataclass(frozen=True)
class Environment:
    """A Keras to be proven, and the variables that choose it."""

    name: str
    title: str
    variables: dict[str, str] = field(default_factory=dict)


ENVIRONMENTS = (
    Environment("keras-2.12", "Keras 2.12 (TensorFlow 2.12.0)"),
    Environment("keras-2.13", "Keras 2.13 (TensorFlow 2.13.1)"),
    Environment("keras-2.15", "Keras 2.15 (TensorFlow 2.15.1)"),
    Environment("keras-3", "Keras 3 (TensorFlow 2.21.0)"),
    Environment("tf-keras", "tf_keras beside Keras 3", {"TF_USE_LEGACY_KERAS": "1"}),
    Environment("keras-3-jax", "Keras 3 on JAX", {"KERAS_BACKEND": "jax"}),
)


@dataclass(frozen=True)
class Origin:
    """A network as one environment made it: which bundle's, and what its files are called."""

    env: Environment
    bundle: str = "unseen-cells"

    @property
    def name(self) -> str:
        """Stem of its files."""
        return f"{self.env.name}-{self.bundle}"

    @property
    def title(self) -> str:
        """What the tables call it."""
        return self.env.title + (", eight types" if self.bundle == "eight-types" else "")


#: The environments that make the eight-type network, too; all of them open it.
EIGHT_IN = ("keras-2.13", "keras-3")


def main() -> int:
    """Make the environments, run all of it, write the record and the page."""
    chosen = [env for env in ENVIRONMENTS if env.name in sys.argv[1:]] or list(ENVIRONMENTS)
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        for bundle in ("unseen-cells", "eight-types"):
            side = manifest_of(bundle).preprocess.size_px
            np.save(work / f"crops-{side}.npy", crops(side))
        record: dict[str, Any] = {"versions": {}, "read": {}, "opened": {}}
        for env in chosen:
            install(env)
            for origin in origins([env]):
                [made] = run(env, "make", str(work), origin.name, str(find_bundle(origin.bundle)))
                record["versions"][env.name] = made["keras"]
                record["read"][origin.name] = read_back(origin, work)
        for env in chosen:
            record["opened"][env.name] = run(env, "open", str(work), env.name)
    text, sound = page(record, chosen)
    print(text)
    if len(chosen) == len(ENVIRONMENTS):
        results = ROOT / "docs" / "results" / "compat.json"
        results.write_text(json.dumps(record, indent=1) + "\n")
        (ROOT / "docs" / "compat-matrix.md").write_text(text, encoding="utf-8")
    return 0 if sound else 1


def origins(chosen: list[Environment]) -> list[Origin]:
    """What the environments make."""
    eight = [Origin(env, "eight-types") for env in chosen if env.name in EIGHT_IN]
    return [*map(Origin, chosen), *eight]


def manifest_of(bundle: str) -> Manifest:
    """What a shipped bundle says about itself."""
    return OnnxEngine(find_bundle(bundle)).manifest


def crops(side: int) -> np.ndarray:
    """Two real crops of each of four types: uint8 8×side×side×3."""
    root = data_folder() / "kaggle_wbc" / "TRAIN"
    paths = [p for t in FOUR_TYPES for p in sorted((root / t.upper()).iterdir())[:40:20]]
    photos = [open_image(path).rgb for path in paths]
    return np.stack([crop_and_resize(rgb, locate_cell(rgb), side) for rgb in photos])


def python_of(env: Environment) -> Path:
    """The environment's interpreter."""
    return ROOT / ".compat" / env.name / "bin" / "python"


def install(env: Environment) -> None:
    """Make the environment unless it stands; TensorFlow 2.12 to 2.15 need Python 3.11."""
    listed, stamp = HERE / "environments" / f"{env.name}.txt", python_of(env).parent / ".ready"
    if stamp.exists() and stamp.read_text() == listed.read_text():
        return
    base = shutil.which("python3.11") or sys.executable
    print(f"Installing {env.title}.", file=sys.stderr)
    subprocess.run([base, "-m", "venv", "--clear", python_of(env).parents[1]], check=True)
    pip = [python_of(env), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    subprocess.run([*pip, "--no-compile", "-r", listed], check=True, stdin=subprocess.DEVNULL)
    stamp.write_text(listed.read_text())


def run(env: Environment, *arguments: str) -> list[dict[str, Any]]:
    """Run the worker in an environment; return the objects that it prints."""
    variables = os.environ | {"PYTHONPATH": str(ROOT / "src"), **env.variables}
    command = [python_of(env), HERE / "worker.py", *arguments]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{env.title} failed:\n{done.stderr[-3000:]}")
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def read_back(origin: Origin, work: Path) -> dict[str, dict[str, Any]]:
    """Turn each of the environment's files into a bundle and compare; the last becomes an .h5."""
    expected, results = np.load(work / f"{origin.name}.npz"), {}
    manifest = manifest_of(origin.bundle)
    options = Conversion(cell_types=manifest.cell_types)
    pixels = np.load(work / f"crops-{manifest.preprocess.size_px}.npy")
    for suffix in FORMATS:
        source, bundle = work / f"{origin.name}{suffix}", work / f"{origin.name}.onnx"
        # Weights alone are read for the first network only.
        unknown = suffix == ".weights.h5" and origin.bundle != "unseen-cells"
        if unknown or not source.exists():
            continue
        try:
            convert_model(source, bundle, options)
            ours = OnnxEngine(bundle).run(pixels)
        except HemaVisionError as error:
            results[suffix] = {"error": str(error)[:200]}
            continue
        error = np.linalg.norm(ours.heatmaps - expected["heatmaps"])
        results[suffix] = {
            "probability": float(np.abs(ours.probabilities - expected["probabilities"]).max()),
            "heatmap": float(error / np.linalg.norm(expected["heatmaps"])),
        }
    convert_model(bundle, work / f"{origin.name}-to.h5", options)
    return results


def page(record: dict[str, Any], chosen: list[Environment]) -> tuple[str, bool]:
    """Return the page, and whether all of it agrees."""
    makers = {origin.name: origin.title for origin in origins(chosen)}
    openers = {env.name: env.title for env in chosen}
    judged = [r for results in record["read"].values() for r in results.values()]
    judged += [r for results in record["opened"].values() for r in results]
    lines = [
        "# Between versions of Keras",
        "",
        "Generated by `make compat`. The four-type network is built in each environment, the",
        "eight-type one in two, given the shipped weights, trained a step and saved. A dash: Keras",
        "on JAX writes no SavedModel, and files without a configuration are read for the four-type",
        "network only. Each cell: the largest difference of a probability (must: 1e-5) / the",
        "relative error of the heatmaps against the maker's automatic differentiation (must:",
        "1e-4), on eight real cells.",
        "",
        "## Read: each Keras's files to a bundle",
        "",
        f"| saved by | {' | '.join(TITLES.get(f, f'`{f}`') for f in FORMATS)} |",
        "|---" * (len(FORMATS) + 1) + "|",
    ]
    for name, title in makers.items():
        cells = [cell(record["read"][name].get(suffix)) for suffix in FORMATS]
        lines.append(f"| {title} | {' | '.join(cells)} |")
    notes = {
        ".h5": "written without any Keras, the same file for all",
        ".keras": "written by the Keras that opens it",
        ".weights.h5": "written by the Keras that opens it, loaded into the network built there",
    }
    for suffix, note in notes.items():
        lines += ["", f"## Taken back as `{suffix}`: {note}", ""]
        lines.append(f"| saved by ↓, opened by → | {' | '.join(openers.values())} |")
        lines.append("|---" * (len(openers) + 1) + "|")
        for name, title in makers.items():
            cells = [
                cell(
                    next(
                        result
                        for result in record["opened"][opener]
                        if (result["origin"], result["format"]) == (name, suffix)
                    )
                )
                for opener in openers
            ]
            lines.append(f"| {title} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n", all(agrees(result) for result in judged)


def agrees(result: dict[str, Any]) -> bool:
    """Whether a comparison was had and is close enough."""
    if "error" in result:
        return False
    return bool(result["probability"] <= PROBABILITY and result["heatmap"] <= HEATMAP)


def cell(result: dict[str, Any] | None) -> str:
    """A comparison as a cell of a table."""
    if result is None:
        return "–"
    if "error" in result:
        return "✗ " + str(result["error"]).replace("|", "/").replace("\n", " ")
    mark = "✓" if agrees(result) else "✗"
    return f"{mark} {result['probability']:.0e} / {result['heatmap']:.0e}"


if __name__ == "__main__":
    sys.exit(main())
