"""Reads a ``.keras`` file, a zip archive, as data. Nothing is unpacked onto the disk."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

from hemavision.errors import BundleError

CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
MAX_MEMBERS = 1000
#: In bytes, unpacked. Keras stores without compression; these are far above any classifier.
MAX_TEXT, MAX_WEIGHTS = 32 * 2**20, 4 * 2**30
#: Unpacked over packed. Weights hardly compress.
MAX_RATIO = 100


def read_archive(path: Path) -> tuple[dict[str, Any], bytes]:
    """Return the configuration and the bytes of the weights in the ``.keras`` file ``path``.

    Raises:
        BundleError: not such a file, damaged, or one that unpacks to far more than it holds.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if len(members) > MAX_MEMBERS:
                raise BundleError(f"{path} is refused: {len(members)} files in it (a zip bomb).")
            names = {member.filename: member for member in members}
            if len(names) < len(members):
                raise BundleError(f"{path} is refused: it holds one name twice.")
            if CONFIG not in names or WEIGHTS not in names:
                raise BundleError(
                    f"{path} is no Keras model: it has no {CONFIG} or no {WEIGHTS}. "
                    "Save it with model.save('NAME.keras')."
                )
            text = _read(archive, names[CONFIG], MAX_TEXT, path)
            weights = _read(archive, names[WEIGHTS], MAX_WEIGHTS, path)
    except (zipfile.BadZipFile, OSError, EOFError, RuntimeError) as error:
        raise BundleError(f"{path} is not a sound .keras file: {error}") from error
    return parse_config(text, str(path)), weights


def parse_config(text: str | bytes, origin: str) -> dict[str, Any]:
    """Return a configuration's JSON as a dictionary.

    Raises:
        BundleError: it is not JSON, or not an object, or nested without end.
    """
    try:
        config = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BundleError(f"The configuration in {origin} cannot be read: {error}") from error
    if not isinstance(config, dict):
        raise BundleError(f"The configuration in {origin} is no JSON object.")
    return config


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo, limit: int, path: Path) -> bytes:
    size, packed = member.file_size, max(member.compress_size, 1)
    if size > limit or (size > 2**20 and size > MAX_RATIO * packed):
        raise BundleError(
            f"{path} is refused: {member.filename} takes {packed} bytes and says that it unpacks "
            f"to {size} (a zip bomb)."
        )
    with archive.open(member) as stream:
        # One more byte than declared shows a header that lies.
        content = stream.read(size + 1)
    if len(content) > size:
        raise BundleError(f"{path} is refused: {member.filename} is longer than it says.")
    return content
