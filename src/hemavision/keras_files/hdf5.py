"""Reads an HDF5 file as plain data: groups, arrays and strings that lie in the file itself.

HDF5 can point out of a file in four ways (external links, soft links through them, external
storage, virtual datasets) and can declare an array far larger than what it stores. A weights
file needs none of that, so each is refused before a byte of it is read (CVE-2026-1669,
CVE-2026-0897 and their kin). One path component at a time is followed, since h5py resolves
the links inside a longer path by itself.

Each layer's arrays are found in both layouts that Keras ever had. The older one (``.h5``) keeps
lists of layer and weight names in attributes. The newer one (``.weights.h5``, and inside
``.keras``) keeps ``layers/<class>_<n>/vars/<i>``, counted by class in the model's order; Keras 2.12
and 2.13 call the folder otherwise and skip numbers.
"""

from __future__ import annotations

import io
import math
import re
import struct
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import h5py
import numpy as np

from hemavision.errors import BundleError
from hemavision.graph.architecture import Place, Plan, PlannedLayer, Weights
from hemavision.graph.kinds import KINDS

#: What every HDF5 file begins with.
SIGNATURE = b"\x89HDF\r\n\x1a\n"
#: All arrays of a file together, in bytes: ten times the largest classifier in common use.
MAX_BYTES = 4 * 2**30
#: Declared over stored bytes. Trained weights hardly compress; zeros do, by up to this much.
MAX_RATIO = 1000
#: Arrays this small are never a bomb, whatever their ratio.
SMALL_BYTES = 2**20
MAX_OBJECTS, MAX_DEPTH, MAX_NAMES = 200_000, 32, 100_000
#: deflate, shuffle, fletcher32, szip and h5py's lzf. Any other filter is a plug-in, which is code.
FILTERS = {1, 2, 3, 4, 32000}

#: The attributes that say something here; no other is read.
READ = re.compile(r"model_config|(?:layer|weight)_names\d*")


@dataclass
class Group:
    """One group of the file.

    Attributes:
        groups: name → group.
        arrays: name → array.
        strings: attribute → its text or texts, of those that :data:`READ` matches.
    """

    groups: dict[str, Group] = field(default_factory=dict)
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    strings: dict[str, list[str]] = field(default_factory=dict)

    def names(self, attribute: str) -> list[str]:
        """Return a list of names, which Keras splits over ``attribute0``, … where it is long."""
        if attribute in self.strings:
            return self.strings[attribute]
        parts: list[str] = []
        while f"{attribute}{len(parts)}" in self.strings:
            parts.append(f"{attribute}{len(parts)}")
        return [name for part in parts for name in self.strings[part]]

    def at(self, path: str) -> np.ndarray | None:
        """Return the array at a path of this group, or ``None``."""
        *parents, name = path.split("/")
        group: Group | None = self
        for parent in parents:
            group = group.groups.get(parent) if group else None
        return group.arrays.get(name) if group else None


def read_hdf5(content: bytes, origin: str) -> Group:
    """Return everything that lies in an HDF5 file.

    Args:
        content: the file's bytes.
        origin: what to call the file in an error.

    Raises:
        BundleError: no HDF5 file, damaged, or with anything that a weights file has no use for.
    """
    try:
        _check_heaps(content)
        _check_lengths(content)
        with h5py.File(io.BytesIO(content), "r") as file:
            return _Reader(origin, len(content)).group(file, "", 0)
    except BundleError:
        raise
    except Exception as error:  # h5py raises whatever its parsing met
        raise BundleError(f"{origin} is not a sound HDF5 file: {error}") from error


def _check_heaps(content: bytes) -> None:
    """Raise ValueError where a heap of texts has no end: libhdf5 would go round in it for ever.

    HDF5's format, III.E (the global heap): an object is told by 16 bytes, the last 8 its size; that
    of object 0, what is free, holds those 16.
    """
    for heap in re.finditer(rb"GCOL\x01\0\0\0", content):
        at, size = heap.end() + 8, int.from_bytes(content[heap.end() : heap.end() + 8], "little")
        end = heap.start() + size
        if end > len(content):
            raise ValueError("a heap goes on beyond the file")
        while at + 16 <= end:
            number, room = (
                int.from_bytes(content[at + begin : at + begin + length], "little")
                for begin, length in ((0, 2), (8, 8))
            )
            if number == 0 and room < 16:
                raise ValueError("a heap without an end")
            at += room if number == 0 else 16 + -(-room // 8) * 8


def _check_lengths(content: bytes) -> None:
    """Raise ValueError where a text that is read claims to be longer than the file.

    HDF5's format, IV.A.2.m (the attribute message): version, sizes of name, type and space, these
    three, then the elements: of a type of class 9 each has its length, and where it lies. libhdf5
    makes room for that length before it looks there.
    """
    for name in re.finditer(rb"(?:%b)\0" % READ.pattern.encode(), content):
        for version, head, unit in ((1, 8, 8), (2, 8, 1), (3, 9, 1)):
            begin = name.start() - head
            if begin < 0 or content[begin] != version:
                continue
            told = struct.unpack_from("<3H", content, begin + 2)
            sizes = [-(-size // unit) * unit for size in told]
            kind, at = name.start() + sizes[0], name.start() + sum(sizes)
            if told[0] != len(name[0]) or at > len(content) or content[kind] & 15 != 9:
                continue
            rank, dimensions = content[at - sizes[2] + 1], at - sizes[2] + (8 if unit == 8 else 4)
            count = math.prod(struct.unpack_from(f"<{rank}Q", content, dimensions))
            for element in range(at, min(at + 16 * count, len(content) - 3), 16):
                if int.from_bytes(content[element : element + 4], "little") > len(content):
                    raise ValueError(f"{name[0][:-1].decode()} claims more letters than there are")


class _Reader:
    """Walks one file and keeps count of what it holds."""

    def __init__(self, origin: str, size: int) -> None:
        self._origin, self._size = origin, size
        self._objects = 0
        self._bytes = 0

    def group(self, source: h5py.Group, path: str, depth: int) -> Group:
        if depth > MAX_DEPTH:
            raise self._refused(path, f"groups nested more than {MAX_DEPTH} deep")
        result = Group(strings=self._strings(source, path))
        for name in source:
            child_path = f"{path}/{name}"
            self._objects += 1
            if self._objects > MAX_OBJECTS:
                raise self._refused(child_path, f"more than {MAX_OBJECTS} objects")
            link = source.get(name, getlink=True)
            if not isinstance(link, h5py.HardLink):
                raise self._refused(child_path, f"a link out of its place ({_describe(link)})")
            child = source[name]
            if isinstance(child, h5py.Group):
                result.groups[name] = self.group(child, child_path, depth + 1)
            elif isinstance(child, h5py.Dataset):
                result.arrays[name] = self._array(child, child_path)
            else:
                raise self._refused(child_path, "something that is neither group nor array")
        return result

    def _array(self, dataset: h5py.Dataset, path: str) -> np.ndarray:
        if dataset.external:
            raise self._refused(path, f"an array kept in another file ({dataset.external[0][0]})")
        if dataset.is_virtual:
            raise self._refused(path, "a virtual array, which reads other files")
        if dataset.dtype.kind not in "fiub":
            raise self._refused(path, f"an array of {dataset.dtype}, not of numbers")
        self._check_filters(dataset, path)
        declared = math.prod(dataset.shape) * dataset.dtype.itemsize
        stored = dataset.id.get_storage_size()
        self._bytes += declared
        most = max(SMALL_BYTES, MAX_RATIO * stored)
        if stored > self._size or self._bytes > MAX_BYTES or declared > most:
            raise self._refused(
                path, f"an array that declares {declared} bytes and stores {stored} (a shape bomb)"
            )
        values: np.ndarray = dataset[()]
        return np.asarray(values)

    def _check_filters(self, dataset: h5py.Dataset, path: str) -> None:
        properties = dataset.id.get_create_plist()
        for index in range(properties.get_nfilters()):
            code = properties.get_filter(index)[0]
            if code not in FILTERS:
                raise self._refused(path, f"an array under filter {code}, a plug-in")

    def _strings(self, source: h5py.Group, path: str) -> dict[str, list[str]]:
        result = {}
        for name in filter(READ.fullmatch, source.attrs):
            attribute = source.attrs.get_id(name)
            names = math.prod(attribute.shape)
            # None is compressed: what is said to be larger than the file would be filled up.
            if names > MAX_NAMES or names * attribute.dtype.itemsize > max(SMALL_BYTES, self._size):
                raise self._refused(
                    path, f"an attribute of {names} values, {attribute.dtype.itemsize} bytes each"
                )
            texts = _texts(source.attrs[name])
            if texts is not None:
                result[name] = texts
        return result

    def _refused(self, path: str, what: str) -> BundleError:
        return BundleError(
            f"{self._origin} is refused: it holds {what} at {path or '/'}, which no weights file "
            "needs. Save the model again with Keras, or get it from somebody you trust."
        )


def _describe(link: Any) -> str:
    if isinstance(link, h5py.ExternalLink):
        return f"external link to {link.filename}"
    if isinstance(link, h5py.SoftLink):
        return f"soft link to {link.path}"
    return type(link).__name__


def _texts(value: Any) -> list[str] | None:
    """Return an attribute's text or texts; ``None`` where it holds something else."""
    values = value.ravel().tolist() if isinstance(value, np.ndarray) else [value]
    texts = [v.decode("utf-8", "replace") if isinstance(v, bytes) else v for v in values]
    return texts if all(isinstance(text, str) for text in texts) else None


_CONTAINERS = ("layers", "_layer_checkpoint_dependencies")


def find_weights(plan: Plan, file: Group, origin: str) -> Weights:
    """Return every layer's arrays, in Keras's order, by the layer's place.

    Raises:
        BundleError: a layer's arrays are missing or of another number than its kind has.
    """
    root = file.groups.get("model_weights", file)
    names = root.names("layer_names")
    try:
        found = dict(_by_names(plan, root, origin) if names else _by_class(plan, file, (), origin))
    except (IndexError, ValueError) as error:  # names that are not made as Keras makes them
        raise BundleError(f"{origin} names its weights as no Keras does: {error}") from error
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
