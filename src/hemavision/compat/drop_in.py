"""Lets a Keras file stand where a bundle is asked for: converted once, kept in the cache."""

from __future__ import annotations

from pathlib import Path

import platformdirs

from hemavision.bundle import sha256_of
from hemavision.compat.convert import Options, convert_model


def as_bundle(path: Path) -> Path:
    """Return the bundle of a Keras file: the four types in order, whole images, [-1, 1].

    Raises:
        BundleError: the file cannot be read, is not safe, or is another classifier, which
            ``hemavision convert`` takes with options.
    """
    digest = sha256_of(path.read_bytes())
    cache = Path(platformdirs.user_cache_dir("hemavision")) / "converted" / digest[:16]
    bundle = cache / f"{path.stem}.onnx"
    if not bundle.is_file():
        convert_model(path, bundle, Options())
    return bundle
