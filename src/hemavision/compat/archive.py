"""Reads a ``.keras`` file, a zip archive, as data. Nothing is unpacked onto the disk."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hemavision.errors import ArchiveError, BundleError
from hemavision.images.archives import MOST_BYTES, Archive, Entry, open_zip

CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
#: In bytes, unpacked. These are far above any classifier.
MAX_TEXT, MAX_WEIGHTS = 32 * 2**20, MOST_BYTES


def read_archive(path: Path) -> tuple[dict[str, Any], bytes]:
    """Return the configuration and the bytes of the weights in the ``.keras`` file ``path``.

    Raises:
        BundleError: not such a file, damaged, or one that unpacks to far more than it holds.
    """
    try:
        opened = open_zip(path)
    except ArchiveError as error:
        raise BundleError(f"{path} is not a sound .keras file: {error}") from error
    with opened as archive:
        names = {entry.name: entry for entry in archive.entries}
        if len(names) < len(archive.entries):
            raise BundleError(f"{path} is refused: it holds one name twice.")
        if CONFIG not in names or WEIGHTS not in names:
            raise BundleError(
                f"{path} is no Keras model: it has no {CONFIG} or no {WEIGHTS}. "
                "Save it with model.save('NAME.keras')."
            )
        text = _read(archive, names[CONFIG], MAX_TEXT, path)
        weights = _read(archive, names[WEIGHTS], MAX_WEIGHTS, path)
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


def _read(archive: Archive, entry: Entry, limit: int, path: Path) -> bytes:
    try:
        return archive.read(entry, limit)
    except ArchiveError as error:
        raise BundleError(f"{path} is refused: {entry.name}: {error}") from error
