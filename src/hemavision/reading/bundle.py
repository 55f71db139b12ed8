"""A bundle: one ONNX file with its manifest as JSON in the metadata.

Opening one never runs code from it: ONNX is data, and size, external data and operators are
checked before a runtime parses it.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from hemavision.errors import BundleError
from hemavision.reading.onnx_file import problem_in
from hemavision.reading.preprocess import PreprocessSpec

MANIFEST_KEY = "hemavision"
MANIFEST_VERSION = 1
#: What a cell type may be called: nothing that leads out of a folder or hides in it.
TYPE_NAME = re.compile(r"\w[\w ()+.-]{0,79}")
#: What older manifests say, too: it is done inside their graphs, whatever it was.
RETIRED = ("doubt", "doubt_from", "doubt_most", "seldom")
MAX_BUNDLE_BYTES = 200 * 2**20
SHIPPED = Path(__file__).parents[1] / "bundles"
#: What no user needs (models of a laboratory less, and such): in the repository, not in the wheel.
IN_CLONE = Path(__file__).parents[3] / "bundles"
#: What people may know by name and an installed wheel does not have.
NOT_IN_WHEEL = ("seed",)
DEFAULT_MODEL = "eight-types"
#: How the protocols of laboratories never seen begin, each told by a network taught without it.
ABROAD = "lab-out:"


@dataclass(frozen=True)
class Manifest:
    """What a bundle says about itself.

    Attributes:
        name: short name.
        cell_types: in the order of the outputs.
        preprocess: how an image becomes the input.
        check_below: a confidence under this is ``check``, 0 to 1.
        temperature: that the logits are divided by inside the graph.
        morphology: attribute → its values, in the order of the outputs.
        looks: type → attribute → value → share of the type's training cells that show it.
        laboratory: light, stain and novelty of the training cells, as
            :func:`hemavision.training.laboratory.describe` gives them.
        mirrors: whether an answer is the mean over two views of a cell, and its maps are spread
            (:mod:`hemavision.reading.engine.averaged`).
        map_offset: by how many places of a map its evidence lies below, and right of, where the
            network draws it; taken back where maps are spread.
        focus_below: a heatmap with a smaller share of its heat on the located cell is flagged.
        weights_sha256: of the trained weights, in the order of the Keras model.
        training: command, seed, data digest and date of the run that made the weights.
        metrics: protocol → figures, as ``hemavision evaluate`` gave them.
        licence: of the weights.
        version: of this record.
    """

    name: str
    cell_types: tuple[str, ...]
    preprocess: PreprocessSpec
    check_below: float
    temperature: float
    weights_sha256: str
    training: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    morphology: dict[str, tuple[str, ...]] = field(default_factory=dict)
    looks: dict[str, dict[str, dict[str, float]]] = field(default_factory=dict)
    laboratory: dict[str, Any] = field(default_factory=dict)
    mirrors: bool = False
    map_offset: tuple[float, float] = (0.0, 0.0)
    focus_below: float = 0.0
    licence: str = "MIT"
    version: int = MANIFEST_VERSION

    def __post_init__(self) -> None:
        odd = [n for n in self.cell_types if not isinstance(n, str) or not TYPE_NAME.fullmatch(n)]
        if odd:
            raise BundleError(
                f"{str(odd[0])[:80]!r} cannot name a cell type: names become names of folders and "
                "columns. Use letters, digits, blanks, _ and -, at most 80."
            )

    def to_json(self) -> str:
        """Return the manifest as JSON text."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        """Read what :meth:`to_json` wrote.

        Raises:
            ValueError: something is missing or of the wrong kind.
        """
        values = json.loads(text, parse_float=_finite, parse_constant=_finite)
        version = values.get("version") if isinstance(values, dict) else None
        if version != MANIFEST_VERSION:
            raise ValueError(f"its version is {version!r}, not {MANIFEST_VERSION}")
        values = {key: value for key, value in values.items() if key not in RETIRED}
        values["cell_types"] = tuple(values["cell_types"])
        looks = values.get("morphology", {})
        values["morphology"] = {name: tuple(kinds) for name, kinds in looks.items()}
        down, right = values.get("map_offset", (0.0, 0.0))
        values["map_offset"] = (float(down), float(right))
        values["preprocess"] = PreprocessSpec(**values["preprocess"])
        return cls(**values)


def _finite(written: str) -> float:
    """Return a number of a manifest; with one that is none every answer would be none."""
    number = float(written)
    if not math.isfinite(number):
        raise ValueError(f"it holds the number {written}")
    return number


def find_bundle(name_or_path: str | Path) -> Path:
    """Return the file of a model's name, or the path itself if it is a file.

    Names are those of the shipped models and, in a clone of the repository, of those beside them.

    Raises:
        BundleError: there is no such model.
    """
    named = (folder / f"{name_or_path}.onnx" for folder in (SHIPPED, IN_CLONE))
    for path in (*named, Path(name_or_path)):
        if path.is_file():
            return path
    if name_or_path in NOT_IN_WHEEL:
        raise BundleError(
            f"The model {name_or_path!r} is not in the wheel. It is in the folder bundles/ of "
            f"HemaVision's repository: take {name_or_path}.onnx from there and name that file."
        )
    names = ", ".join(p.stem for p in shipped_bundles()) or "none"
    raise BundleError(
        f"No model {str(name_or_path)!r}: neither a file nor a shipped model ({names})."
    )


def shipped_bundles() -> list[Path]:
    """Return the bundles inside the package, sorted by name."""
    return sorted(SHIPPED.glob("*.onnx"))


def clone_bundles() -> list[Path]:
    """Return the models beside those in a clone, sorted by name; an installed wheel has none."""
    return sorted(p for p in IN_CLONE.glob("*.onnx") if not p.stem.endswith("-detector"))


def check_bundle(path: Path) -> bytes:
    """Return the file's content after the checks that need no parser.

    Raises:
        BundleError: not a file, empty, larger than :data:`MAX_BUNDLE_BYTES`, or with something
            in it that :func:`hemavision.reading.onnx_file.problem_in` names.
    """
    if not path.is_file():
        raise BundleError(f"No model file at {path}.")
    size = path.stat().st_size
    if not 0 < size <= MAX_BUNDLE_BYTES:
        raise BundleError(f"{path} has {size} bytes; a bundle has 1 to {MAX_BUNDLE_BYTES}.")
    content = path.read_bytes()
    problem = problem_in(content)
    if problem:
        raise BundleError(f"{path} {problem}.")
    return content


def manifest_from_metadata(metadata: dict[str, str], path: Path) -> Manifest:
    """Read the manifest out of an ONNX file's metadata.

    Raises:
        BundleError: there is none, or it cannot be read.
    """
    if MANIFEST_KEY not in metadata:
        raise BundleError(
            f"{path} is an ONNX file but not a HemaVision bundle (no manifest). Make one with "
            "`hemavision export`."
        )
    try:
        return Manifest.from_json(metadata[MANIFEST_KEY])
    except (ValueError, TypeError, KeyError) as error:
        raise BundleError(f"The manifest of {path} cannot be read: {error}.") from error


def sha256_of(content: bytes) -> str:
    """Return the SHA-256 of a file's content in hexadecimal."""
    return hashlib.sha256(content).hexdigest()
