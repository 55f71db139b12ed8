"""Finds each layer's arrays in a weights file, in both layouts that Keras ever had.

The older one (``.h5``) keeps lists of layer and weight names in attributes. The newer one
(``.weights.h5``, and inside ``.keras``) keeps ``layers/<class>_<n>/vars/<i>``, counted by
class in the model's order; Keras 2.12 and 2.13 call the folder otherwise and skip numbers.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping

import numpy as np

from hemavision.compat.architecture import Plan, PlannedLayer
from hemavision.compat.hdf5 import Group
from hemavision.compat.kinds import KINDS
from hemavision.errors import BundleError

#: A layer's place: the names of the models around it, and its own.
Place = tuple[str, ...]
Weights = dict[Place, tuple[np.ndarray, ...]]

_CONTAINERS = ("layers", "_layer_checkpoint_dependencies")


def find_weights(plan: Plan, file: Group, origin: str) -> Weights:
    """Return every layer's arrays, in Keras's order, by the layer's place.

    Raises:
        BundleError: a layer's arrays are missing or of another number than its kind has.
    """
    root = file.groups.get("model_weights", file)
    names = root.names("layer_names")
    found = dict(_by_names(plan, root, origin) if names else _by_class(plan, file, (), origin))
    return _complete(plan, found, origin)


def place_weights(
    plan: Plan, named: Mapping[str, Mapping[str, np.ndarray]], origin: str
) -> Weights:
    """Return every layer's arrays out of layer → weight → array, by the layer's own name.

    Where no name is known and as many layers have weights, the order tells.

    Raises:
        BundleError: as for :func:`find_weights`.
    """
    wanted = list(_weighted(plan, ()))
    if not named.keys() & {layer.name for _, layer in wanted} and len(named) == len(wanted):
        pairs = list(zip(wanted, named.values(), strict=True))
    else:
        pairs = [((place, layer), named.get(layer.name, {})) for place, layer in wanted]
    found: Weights = {}
    for (place, layer), arrays in pairs:
        names = KINDS[layer.kind].weights(layer.options)
        if layer.kind == "DepthwiseConv2D" and "depthwise_kernel" in arrays:  # Keras 2's name
            names = tuple(name.replace("kernel", "depthwise_kernel") for name in names)
        found[place] = tuple(arrays[name] for name in names if name in arrays)
    return _complete(plan, found, origin)


def _complete(plan: Plan, found: Weights, origin: str) -> Weights:
    for place, layer in _weighted(plan, ()):
        wanted = KINDS[layer.kind].weights(layer.options)
        have = len(found.get(place, ()))
        if have != len(wanted):
            raise BundleError(
                f"{origin}: layer {'/'.join(place)!r} ({layer.kind}) needs {len(wanted)} weights "
                f"({', '.join(wanted)}), the file has {have}. Is it a file of this network?"
            )
    return found


def _weighted(plan: Plan, above: Place) -> Iterator[tuple[Place, PlannedLayer]]:
    """Yield the layers that have weights, inner models' too, with their places."""
    for layer in plan.layers:
        place = (*above, layer.name)
        if layer.inner:
            yield from _weighted(layer.inner, place)
        elif KINDS[layer.kind].weights(layer.options):
            yield place, layer


def _by_names(
    plan: Plan, root: Group, origin: str
) -> Iterator[tuple[Place, tuple[np.ndarray, ...]]]:
    listed = root.names("layer_names")
    filled = [name for name in listed if name in root.groups and _listed(root.groups[name])]
    top = [layer for layer in plan.layers if any(True for _ in _weighted_in(layer))]
    if not {layer.name for layer in top} <= set(listed):
        # The same network under other names: the order tells.
        if len(filled) != len(top):
            raise BundleError(
                f"{origin} has weights for {len(filled)} layers; the network has {len(top)}."
            )
        pairs = list(zip(filled, top, strict=True))
    else:
        pairs = [(layer.name, layer) for layer in top]
    for name, layer in pairs:
        group = root.groups.get(name, Group())
        if layer.inner:
            yield from _in_inner_model(layer, group)
        else:
            yield (layer.name,), tuple(array for _, array in _listed(group))


def _weighted_in(layer: PlannedLayer) -> Iterator[tuple[Place, PlannedLayer]]:
    return _weighted(Plan("", [layer], [], []), ())


def _listed(group: Group) -> list[tuple[str, np.ndarray]]:
    """The arrays that a group lists, with their names; those it lacks are left out."""
    arrays = [(name, group.at(name)) for name in group.names("weight_names")]
    return [(name, array) for name, array in arrays if array is not None]


def _in_inner_model(
    layer: PlannedLayer, group: Group
) -> Iterator[tuple[Place, tuple[np.ndarray, ...]]]:
    """A whole inner model stands in one group; a weight's name tells its layer."""
    by_owner: dict[str, list[np.ndarray]] = defaultdict(list)
    for name, array in _listed(group):
        by_owner[name.split("/")[-2]].append(array)
    for place, owner in _weighted_in(layer):
        yield place, tuple(by_owner.get(owner.name, ()))


def _by_class(
    plan: Plan, group: Group, above: Place, origin: str
) -> Iterator[tuple[Place, tuple[np.ndarray, ...]]]:
    container = next((group.groups[c] for c in _CONTAINERS if c in group.groups), Group())
    by_class: dict[str, list[PlannedLayer]] = defaultdict(list)
    for layer in plan.layers:
        if any(True for _ in _weighted_in(layer)):
            by_class[_snake(layer.kind)].append(layer)
    for name, layers in by_class.items():
        groups = _numbered(container, name)
        if len(groups) != len(layers):
            raise BundleError(
                f"{origin} has weights for {len(groups)} layers of the class {name!r}; the network "
                f"has {len(layers)}. Is it a file of this network?"
            )
        for layer, own in zip(layers, groups, strict=True):
            place = (*above, layer.name)
            if layer.inner:
                yield from _by_class(layer.inner, own, place, origin)
            else:
                arrays = own.groups.get("vars", Group()).arrays
                yield place, tuple(arrays[key] for key in sorted(arrays, key=int))


def _numbered(container: Group, name: str) -> list[Group]:
    """The groups ``name``, ``name_1``, … that hold anything, by number."""
    found = []
    for key, group in container.groups.items():
        match = re.fullmatch(rf"{re.escape(name)}(?:_(\d+))?", key)
        if match and _holds_arrays(group):
            found.append((int(match[1] or 0), group))
    return [group for _, group in sorted(found, key=lambda pair: pair[0])]


def _holds_arrays(group: Group) -> bool:
    return bool(group.arrays) or any(_holds_arrays(child) for child in group.groups.values())


def _snake(name: str) -> str:
    """As Keras turns a class's name into a file's."""
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()
