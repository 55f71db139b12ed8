"""Lets a Keras file stand where a bundle is asked for: converted once, kept in the cache."""

from __future__ import annotations

import hashlib
from pathlib import Path

import platformdirs

import hemavision
from hemavision.compat.convert import Options, read_model, write_as
from hemavision.compat.network import Network
from hemavision.errors import BundleError
from hemavision.reading import bundle as bundles
from hemavision.reading.bundle import sha256_of
from hemavision.records.cells import FOUR_TYPES


def as_bundle(path: Path) -> Path:
    """Return the bundle of a Keras file: the four types in order, whole images.

    A file is converted once, and anew when the converter has changed.

    Raises:
        BundleError: the file cannot be read, is not safe, or is another classifier, which
            ``hemavision convert`` takes with options.
    """
    key = sha256_of(f"{_converter()} {sha256_of(path.read_bytes())}".encode())
    cache = Path(platformdirs.user_cache_dir("hemavision")) / "converted" / key[:16]
    bundle = cache / f"{path.stem}.onnx"
    if not bundle.is_file():
        network = read_model(path)
        _check_usual(network, path)
        write_as(network, path, bundle, Options())
    return bundle


def _check_usual(network: Network, path: Path) -> None:
    """Refuse what needs a word that only ``hemavision convert`` takes, and say which."""
    units = next((la.options["units"] for la in network.layers[::-1] if la.kind == "Dense"), None)
    wanted = []
    if units not in (None, len(FOUR_TYPES)):
        wanted.append((f"tells {units} types apart, without their names", "--types A,B,…"))
    if None in network.input_shape:
        wanted.append(("leaves open how large its input is", "--size 224"))
    if wanted:
        whats, options = zip(*wanted, strict=True)
        raise BundleError(
            f"{path} {' and '.join(whats)}. Say it once: hemavision convert {path} "
            f"{path.stem}.onnx {' '.join(options)}; then --model {path.stem}.onnx."
        )


def _converter() -> str:
    """Return a digest of the code that converts."""
    total = hashlib.sha256(hemavision.__version__.encode())
    for source in (Path(bundles.__file__), *sorted(Path(__file__).parent.glob("*.py"))):
        total.update(source.read_bytes())
    return total.hexdigest()
