"""Reads an HDF5 file as plain data: groups, arrays and strings that lie in the file itself.

HDF5 can point out of a file in four ways (external links, soft links through them, external
storage, virtual datasets) and can declare an array far larger than what it stores. A weights
file needs none of that, so each is refused before a byte of it is read (CVE-2026-1669,
CVE-2026-0897 and their kin). One path component at a time is followed, since h5py resolves
the links inside a longer path by itself.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass, field
from typing import Any

import h5py
import numpy as np

from hemavision.errors import BundleError

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


@dataclass
class Group:
    """One group of the file.

    Attributes:
        groups: name → group.
        arrays: name → array.
        strings: attribute → its text or texts; attributes of other kinds are left out.
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
        with h5py.File(io.BytesIO(content), "r") as file:
            return _Reader(origin).group(file, "", 0)
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        raise BundleError(f"{origin} is not a sound HDF5 file: {error}") from error


class _Reader:
    """Walks one file and keeps count of what it holds."""

    def __init__(self, origin: str) -> None:
        self._origin = origin
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
        if self._bytes > MAX_BYTES or declared > max(SMALL_BYTES, MAX_RATIO * stored):
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
        for name in source.attrs:
            attribute = source.attrs.get_id(name)
            if math.prod(attribute.shape) > MAX_NAMES:
                raise self._refused(path, f"an attribute of {attribute.shape} values")
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
