"""Reads the tensors in a file that PyTorch before 1.6 saved, as data: nothing is unpickled.

Such a file is five pickles in a row (a magic number, a version, facts of a machine, the tensors by
name, the keys of their storages), then each storage: its length, and its elements. The opcodes are
walked one by one (:func:`pickletools.genops`, which runs nothing). Of what a pickle may call, the
names in :data:`_MEANT` mean something here; at any other the file is refused.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.lib.stride_tricks import as_strided

from hemavision.errors import BundleError

MAGIC = 0x1950A86A20F9469CFC6C
#: Pickles before the tensors' own.
LEADING = 3
_TYPES: dict[str, np.dtype[Any]] = {
    "torch FloatStorage": np.dtype("<f4"),
    "torch LongStorage": np.dtype("<i8"),
}
#: What comes of walking anything else.
_UNSOUND = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, OSError)
_MEANT = {"collections OrderedDict", "torch._utils _rebuild_tensor_v2", *_TYPES}


@dataclass(frozen=True)
class _Storage:
    key: str
    dtype: np.dtype[Any]


@dataclass(frozen=True)
class _Tensor:
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def within(self, elements: np.ndarray) -> np.ndarray:
        """Return the tensor as a view of its storage's elements."""
        last = sum((size - 1) * step for size, step in zip(self.shape, self.strides, strict=True))
        if min(self.shape, default=1) < 1 or min((self.offset, *self.strides)) < 0:
            raise ValueError(f"a tensor of shape {self.shape} and strides {self.strides}")
        if self.offset + last >= len(elements):
            raise ValueError(f"a tensor of shape {self.shape} beyond its {len(elements)} elements")
        steps = [step * elements.itemsize for step in self.strides]
        return as_strided(elements[self.offset :], self.shape, steps, writeable=False)


def read_tensors(path: Path) -> dict[str, np.ndarray]:
    """Return the tensors of a saved ``state_dict`` by name, read-only.

    Raises:
        BundleError: it is no such file, damaged, or holds anything but tensors.
    """
    try:
        # In memory, where asking for more than there is costs nothing.
        stream = BytesIO(path.read_bytes())
        magic, *_ = [_walk(stream) for _ in range(LEADING)]
        if magic != MAGIC:
            raise ValueError("another magic number")
        tensors, keys = _walk(stream), _walk(stream)
        types = {t.storage.key: t.storage.dtype for t in tensors.values()}
        elements = {key: _elements(stream, types[key]) for key in keys}
        return {name: t.within(elements[t.storage.key]) for name, t in tensors.items()}
    except _UNSOUND as error:
        raise BundleError(f"{path} holds no tensors that can be read as data: {error}") from error


def _elements(stream: BytesIO, dtype: np.dtype[Any]) -> np.ndarray:
    count = int.from_bytes(stream.read(8), "little")
    content = stream.read(count * dtype.itemsize)
    if len(content) < count * dtype.itemsize:
        raise ValueError("it ends within a tensor")
    return np.frombuffer(content, dtype)


def _walk(stream: BytesIO) -> Any:
    """Return what a pickle describes: numbers, words, collections and descriptions of tensors."""
    machine = _Machine()
    for opcode, argument, _ in pickletools.genops(stream):
        if opcode.name == "STOP":
            return machine.stack.pop()
        if opcode.name not in _STEPS:
            _refuse(opcode.name)
        _STEPS[opcode.name](machine, argument)
    raise ValueError("it ends within a pickle")


class _Machine:
    """The stack that a pickle's opcodes work on; a method a kind of opcode."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self._marks: list[int] = []
        self._memo: dict[Any, Any] = {}

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def keep(self, place: Any) -> None:
        self._memo[place] = self.stack[-1]

    def recall(self, place: Any) -> None:
        self.push(self._memo[place])

    def mark(self, _: Any) -> None:
        self._marks.append(len(self.stack))

    def since_mark(self) -> list[Any]:
        return self.last(len(self.stack) - self._marks.pop())

    def last(self, count: int) -> list[Any]:
        start = len(self.stack) - count
        found = self.stack[start:]
        del self.stack[start:]
        return found

    def name(self, name: str) -> None:
        self.push(name if name in _MEANT else _refuse(name))

    def set_items(self, items: list[Any]) -> None:
        self.stack[-1].update(zip(items[::2], items[1::2], strict=True))

    def append(self, items: list[Any]) -> None:
        self.stack[-1].extend(items)

    def storage(self, _: Any) -> None:
        kind, what, key, *_ = self.stack.pop()
        self.push(_Storage(key, _TYPES[what]) if kind == "storage" else _refuse(kind))

    def call(self, _: Any) -> None:
        what, arguments = self.last(2)
        self.push(_called(what, arguments))


def _called(what: str, arguments: tuple[Any, ...]) -> Any:
    if what == "collections OrderedDict":
        return {}
    if what == "torch._utils _rebuild_tensor_v2":
        storage, offset, shape, strides, *_ = arguments
        return _Tensor(storage, offset, shape, strides)
    return _refuse(what)


def _refuse(what: str) -> NoReturn:
    raise ValueError(f"it asks for {what!r}")


#: What each opcode does; with any other the file is refused.
_STEPS: dict[str, Callable[[_Machine, Any], None]] = {
    "PROTO": lambda _, __: None,
    "BINUNICODE": _Machine.push,
    "BININT": _Machine.push,
    "BININT1": _Machine.push,
    "BININT2": _Machine.push,
    "LONG1": _Machine.push,
    "NONE": lambda machine, _: machine.push(None),
    "NEWTRUE": lambda machine, _: machine.push(True),
    "NEWFALSE": lambda machine, _: machine.push(False),
    "EMPTY_DICT": lambda machine, _: machine.push({}),
    "EMPTY_LIST": lambda machine, _: machine.push([]),
    "EMPTY_TUPLE": lambda machine, _: machine.push(()),
    "TUPLE1": lambda machine, _: machine.push(tuple(machine.last(1))),
    "TUPLE2": lambda machine, _: machine.push(tuple(machine.last(2))),
    "TUPLE3": lambda machine, _: machine.push(tuple(machine.last(3))),
    "TUPLE": lambda machine, _: machine.push(tuple(machine.since_mark())),
    "BINPUT": _Machine.keep,
    "LONG_BINPUT": _Machine.keep,
    "BINGET": _Machine.recall,
    "LONG_BINGET": _Machine.recall,
    "MARK": _Machine.mark,
    "GLOBAL": _Machine.name,
    "SETITEM": lambda machine, _: machine.set_items(machine.last(2)),
    "SETITEMS": lambda machine, _: machine.set_items(machine.since_mark()),
    "APPEND": lambda machine, _: machine.append(machine.last(1)),
    "APPENDS": lambda machine, _: machine.append(machine.since_mark()),
    "BINPERSID": _Machine.storage,
    "REDUCE": _Machine.call,
    # What a dictionary says of itself beside its items.
    "BUILD": lambda machine, _: machine.last(1).clear(),
}
