"""Opens a model file of any Keras, by its suffix, as a :class:`Network`.

A ``.keras`` file is a zip archive, and nothing of it is unpacked onto the disk. Of a SavedModel
folder the variables are read by name; its graph is never loaded or run. TensorFlow reads the
variables' file; Keras 2 keeps the model's configuration beside it, Keras 3's ``export`` keeps none.
"""

from __future__ import annotations

import json
import math
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from hemavision.errors import ArchiveError, BundleError
from hemavision.graph.architecture import Place, network_of, parse_config, plan_of
from hemavision.graph.network import Network
from hemavision.images.archives import MOST_BYTES, Archive, Entry, open_zip
from hemavision.keras_files.hdf5 import (
    SIGNATURE,
    Group,
    find_weights,
    place_weights,
    read_hdf5,
)

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


def _read(archive: Archive, entry: Entry, limit: int, path: Path) -> bytes:
    try:
        return archive.read(entry, limit)
    except ArchiveError as error:
        raise BundleError(f"{path} is refused: {entry.name}: {error}") from error


GRAPH, KERAS_2_CONFIG = "saved_model.pb", "keras_metadata.pb"
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
    path = folder / KERAS_2_CONFIG
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


def read_network(path: Path, architecture: dict[str, Any]) -> Network:
    """Return the network in a ``.keras``, ``.h5`` or ``.weights.h5`` file or a SavedModel folder.

    Nothing in the file is executed, imported or looked up outside it.

    Args:
        path: the file.
        architecture: the configuration (``class_name``, ``config``) to take where the file
            holds weights alone.

    Raises:
        BundleError: it cannot be read, is not safe to read, or is no classifier of one image.
    """
    origin = str(path)
    if is_saved_model(path):
        config, named = read_saved_model(path)
        plan = plan_of(config or architecture, origin)
        return network_of(plan, place_weights(plan, named, origin))
    if path.suffix.lower() == ".keras" and not _is_hdf5(path):
        config, content = read_archive(path)
        weights = read_hdf5(content, origin)
    else:
        weights = read_hdf5(_content(path), origin)
        config = _saved_config(weights, origin) or architecture
    plan = plan_of(config, origin)
    return network_of(plan, find_weights(plan, weights, origin))


def network_from_keras(model: Any) -> Network:
    """Return a ``keras.Model``, of Keras 2 or 3, as a network.

    Raises:
        BundleError: a layer is of a kind that HemaVision does not know.
    """
    plan = plan_of(json.loads(model.to_json()), model.name)
    return network_of(plan, dict(_own_weights(model, ())))


def _own_weights(model: Any, above: Place) -> Iterator[tuple[Place, tuple[np.ndarray, ...]]]:
    for layer in model.layers:
        if hasattr(layer, "layers"):
            yield from _own_weights(layer, (*above, layer.name))
        else:
            yield (*above, layer.name), tuple(layer.get_weights())


def _is_hdf5(path: Path) -> bool:
    """Keras up to 2.12 writes HDF5 under the suffix ``.keras``, too."""
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        return stream.read(len(SIGNATURE)) == SIGNATURE


def _content(path: Path) -> bytes:
    if not path.is_file():
        raise BundleError(f"No model file at {path}.")
    size = path.stat().st_size
    if not 0 < size <= MAX_WEIGHTS:
        raise BundleError(f"{path} has {size} bytes; a model file has 1 to {MAX_WEIGHTS}.")
    return path.read_bytes()


def _saved_config(file: Group, origin: str) -> dict[str, Any] | None:
    texts = file.strings.get("model_config")
    return parse_config(texts[0], origin) if texts else None
