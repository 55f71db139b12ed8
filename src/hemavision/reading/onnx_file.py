"""Looks through an ONNX file before a runtime sees it, with nothing but its wire format.

ONNX Runtime reads weights that a file keeps elsewhere and runs operators of its own beside the
standard's. A bundle needs neither, so a file with either is refused while it is still bytes.
Protocol Buffers' encoding: https://protobuf.dev/programming-guides/encoding/; the numbers of
the fields are those of ONNX's ``onnx.proto``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

#: The standard operator sets that a bundle may ask for.
OLDEST_OPSET, NEWEST_OPSET = 13, 23
#: How protobuf writes the key that points a tensor at another file, in every encoding of
#: its tag and length that a parser accepts.
_EXTERNAL_DATA = re.compile(rb"(?:\n|\x8a\x80*\x00)(?:\x08|\x88\x80*\x00)location")
# Fields of ModelProto, OperatorSetIdProto, GraphProto, NodeProto and AttributeProto.
_GRAPH, _OPSET_IMPORT, _FUNCTIONS = 7, 8, 25
_OPSET_DOMAIN, _OPSET_VERSION = 1, 2
_NODE = 1
_NODE_TYPE, _NODE_ATTRIBUTE, _NODE_DOMAIN = 4, 5, 7
_ATTRIBUTE_GRAPHS = {6, 11}
_STANDARD = {b"", b"ai.onnx"}


def problem_in(content: bytes) -> str | None:
    """Return what in an ONNX file no bundle has, to follow its name; ``None`` where all is well."""
    if _EXTERNAL_DATA.search(content):
        return "keeps weights in other files; a bundle holds everything itself"
    try:
        return _problem_in_model(content)
    except (IndexError, ValueError, TypeError):
        return "is not a usable ONNX file: it is cut short or no ONNX at all"


def _problem_in_model(content: bytes) -> str | None:
    opsets = 0
    for number, value in _fields(content):
        if number == _OPSET_IMPORT:
            fields = dict(_fields(value))
            domain = bytes(fields.get(_OPSET_DOMAIN, b""))
            version = fields.get(_OPSET_VERSION, 0)
            if domain not in _STANDARD:
                return f"asks for the operators of {_text(domain)!r}"
            if not OLDEST_OPSET <= version <= NEWEST_OPSET:
                return (
                    f"asks for operator set {version}; HemaVision reads "
                    f"{OLDEST_OPSET} to {NEWEST_OPSET}"
                )
            opsets += 1
        elif number == _FUNCTIONS:
            return "defines operators of its own"
        elif number == _GRAPH:
            problem = _problem_in_graph(value)
            if problem:
                return problem
    return None if opsets else "is not a usable ONNX file: it names no operator set"


def _problem_in_graph(graph: memoryview) -> str | None:
    for number, node in _fields(graph):
        if number != _NODE:
            continue
        fields = list(_fields(node))
        kind = next((_text(value) for name, value in fields if name == _NODE_TYPE), "")
        for name, value in fields:
            if name == _NODE_DOMAIN and bytes(value) not in _STANDARD:
                return f"uses {kind!r} of {_text(value)!r}"
            if name == _NODE_ATTRIBUTE and _ATTRIBUTE_GRAPHS & {n for n, _ in _fields(value)}:
                return f"has a graph inside a graph ({kind!r})"
    return None


def _text(value: bytes | memoryview) -> str:
    return bytes(value).decode("utf-8", "replace")


def _fields(message: bytes | memoryview) -> Iterator[tuple[int, Any]]:
    """Yield (number, value) of a message's fields: whole numbers, or the bytes of the rest."""
    view, at = memoryview(message), 0
    while at < len(view):
        tag, at = _varint(view, at)
        number, wire = tag >> 3, tag & 7
        if wire == 0:
            value, at = _varint(view, at)
            yield number, value
            continue
        if wire == 2:
            length, at = _varint(view, at)
        elif wire in (1, 5):
            length = 8 if wire == 1 else 4
        else:
            raise ValueError(f"wire type {wire}")
        if at + length > len(view):
            raise ValueError("cut short")
        yield number, view[at : at + length]
        at += length


def _varint(view: memoryview, at: int) -> tuple[int, int]:
    """Return a whole number and where it ends."""
    value = shift = 0
    while True:
        byte = view[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
        if shift > 63:
            raise ValueError("a number without end")
