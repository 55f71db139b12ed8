"""Reads a SavedModel folder as data: its variables by name, and Keras 2's configuration.

The graph in it is never loaded or run. TensorFlow reads the variables' file; Keras 2 keeps the
model's configuration beside it, Keras 3's ``export`` keeps none.
"""

from __future__ import annotations

import json
import math
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from hemavision.compat.archive import MAX_TEXT, MAX_WEIGHTS, parse_config
from hemavision.errors import BundleError

GRAPH, CONFIG = "saved_model.pb", "keras_metadata.pb"
VARIABLES = Path("variables") / "variables"
_OBJECTS = "_CHECKPOINTABLE_OBJECT_GRAPH"
#: Where the model's own variables stand; an optimizer's and the metrics' stand elsewhere.
_OWN = re.compile(r"(?:layer_with_weights-|variables/)(\d+)/")

#: Layer → weight → array, in the model's order.
Named = dict[str, dict[str, np.ndarray]]


def is_saved_model(path: Path) -> bool:
    """Whether ``path`` is a folder that TensorFlow wrote a model into."""
    return (path / GRAPH).is_file()


def read_saved_model(folder: Path) -> tuple[dict[str, Any] | None, Named]:
    """Return the configuration, if the folder holds one, and the arrays by their names.

    Raises:
        BundleError: TensorFlow is missing, or the variables cannot be read or are too large.
    """
    total = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    if total > MAX_WEIGHTS:
        raise BundleError(f"{folder} holds {total} bytes; HemaVision reads up to {MAX_WEIGHTS}.")
    return _configuration(folder), _arrays(folder, total)


def _arrays(folder: Path, stored: int) -> Named:
    try:
        import tensorflow as tf
        from tensorflow.core.protobuf import trackable_object_graph_pb2 as objects
    except ImportError as error:
        raise BundleError(
            f"{folder} is a SavedModel, and only TensorFlow reads its variables: pip install "
            "'hemavision[train]', or save the model as .keras or .h5 where it was trained."
        ) from error
    try:
        reader = tf.train.load_checkpoint(str(folder / VARIABLES))
        shapes = reader.get_variable_to_shape_map()
        graph = objects.TrackableObjectGraph.FromString(reader.get_tensor(_OBJECTS))
    except Exception as error:  # TensorFlow's errors share no base class below Exception
        raise BundleError(f"The variables in {folder} cannot be read: {error}") from error
    # A checkpoint is not compressed: it cannot declare more numbers than it has bytes.
    declared = sum(math.prod(shape) for shape in shapes.values())
    if declared > stored:
        raise BundleError(
            f"{folder} is refused: its variables declare {declared} numbers in {stored} bytes."
        )
    found: list[tuple[int, str, str, str]] = []
    for attribute in (a for node in graph.nodes for a in node.attributes):
        place, path = _OWN.match(attribute.checkpoint_key), attribute.full_name.split("/")
        if place and len(path) >= 2 and attribute.checkpoint_key in shapes:
            found.append((int(place[1]), path[-2], path[-1], attribute.checkpoint_key))
    named: Named = defaultdict(dict)
    for _, layer, weight, key in sorted(found):
        if weight in named[layer]:
            raise BundleError(
                f"{folder} has two layers called {layer!r}; save the model as .keras or .h5."
            )
        named[layer][weight] = np.asarray(reader.get_tensor(key))
    return named


def _configuration(folder: Path) -> dict[str, Any] | None:
    """Return what Keras 2 saved as the root's metadata: ``class_name`` and ``config``."""
    path = folder / CONFIG
    if not path.is_file():
        return None
    if path.stat().st_size > MAX_TEXT:
        raise BundleError(f"{path} is too large for a configuration.")
    content = path.read_bytes()
    # The root comes first; its JSON is the first in the file, and ends where it ends.
    begin = content.find(b"{")
    text = content[begin:].decode("utf-8", "replace")
    try:
        metadata, _ = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError) as error:
        raise BundleError(f"The configuration in {path} cannot be read: {error}") from error
    kept = {key: metadata[key] for key in ("class_name", "config") if key in metadata}
    return parse_config(json.dumps(_without_tuples(kept)), str(path))


def _without_tuples(value: Any) -> Any:
    """Turn ``{"class_name": "__tuple__", "items": […]}`` into the list that it stands for."""
    if isinstance(value, list):
        return [_without_tuples(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get("class_name") == "__tuple__":
        return _without_tuples(value.get("items", []))
    return {key: _without_tuples(item) for key, item in value.items()}
