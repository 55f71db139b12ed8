"""JSON Schema 2020-12 of the records that the API answers with, and of what it takes.

Made from their types, the limits in their ``Annotated``, and their docstrings.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass
from enum import Enum
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Literal,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from msgspec import NODEFAULT, UNSET, Meta, UnsetType
from msgspec.structs import FieldInfo, fields

from hemavision.records.json_values import LARGEST, as_json, json_names, members
from hemavision.web.api.bodies import Body

Spec = dict[str, Any]

REFERENCE = "#/components/schemas/"
_PLAIN: dict[Any, str] = {
    str: "string", int: "integer", float: "number", bool: "boolean", NoneType: "null",
}  # fmt: skip
#: Attributes of msgspec's Meta → JSON Schema's words for a number, text or list.
_LIMITS = {"ge": "minimum", "le": "maximum", "min_length": "min", "max_length": "max"}
_ENTRY = re.compile(r"^ {4}(\w+): (.*(?:\n {8,}.*)*)", re.MULTILINE)


class Schemas:
    """Schemas of types; those of records are kept under their names.

    Attributes:
        components: record's name → its schema.
    """

    def __init__(self) -> None:
        self.components: dict[str, Spec] = {}
        self._kinds: dict[str, type] = {}

    def of(self, kind: Any) -> Spec:
        """Return the schema of a type.

        Raises:
            TypeError: two records have one name.
        """
        origin, parts = get_origin(kind), get_args(kind)
        if origin is Annotated:
            schema = self.of(parts[0])
            limits = [_limits(meta, schema.get("type")) for meta in parts[1:]]
            return schema | {word: limit for found in limits for word, limit in found.items()}
        if origin in (Union, UnionType):
            return self._either([part for part in parts if part is not UnsetType])
        if origin is Literal:
            return {"type": _PLAIN[type(parts[0])], "enum": list(parts)}
        if origin is tuple and parts[1:] != (...,):
            return self._list(parts[0]) | {"minItems": len(parts), "maxItems": len(parts)}
        if origin is not None and issubclass(origin, Mapping):
            return self._mapping(*parts)
        if origin is not None:
            return self._list(parts[0])
        if kind is Any:
            return {}
        if kind in _PLAIN:
            return {"type": _PLAIN[kind]}
        if issubclass(kind, Enum):
            return {"type": "string", "enum": [one.value for one in kind]}
        return self._record(kind)

    def parameters(self, query: type[Body]) -> list[Spec]:
        """Return what may stand in an address behind the question mark."""
        hints = get_type_hints(query, include_extras=True)
        found = []
        for field in fields(query):
            # What is left out is None there; nobody can write it.
            schema = self.of(_without_none(hints[field.name])) | _default(field)
            said = {"description": d} if (d := schema.pop("description", None)) else {}
            found.append(
                {"in": "query", "name": field.name, "schema": schema, "required": field.required}
                | said
            )
        return found

    def _list(self, kind: Any) -> Spec:
        return {"type": "array", "items": self.of(kind)}

    def _mapping(self, key: Any, value: Any) -> Spec:
        if isinstance(key, type) and issubclass(key, Enum):
            each = {one.value: self.of(value) for one in key}
            return _object(each, list(each))
        return {"type": "object", "additionalProperties": self.of(value)}

    def _either(self, kinds: list[Any]) -> Spec:
        schemas = [self.of(kind) for kind in kinds]
        if any("$ref" in schema for schema in schemas):
            return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}
        types = [schema["type"] for schema in schemas]
        merged: Spec = {}
        for schema in schemas:
            merged |= schema
        return merged | {"type": types if len(types) > 1 else types[0]}

    def _record(self, kind: type) -> Spec:
        name = kind.__name__
        if self._kinds.setdefault(name, kind) is not kind:
            raise TypeError(f"Two records are called {name}: {kind} and {self._kinds[name]}.")
        if name not in self.components:
            self.components[name] = {}  # a record may hold itself
            properties = dict(self._properties(kind))
            schema = _object(properties, _needed(kind))
            said = _summary(kind)
            self.components[name] = ({"description": said} if said else {}) | schema
        return {"$ref": REFERENCE + name}

    def _properties(self, kind: type) -> Iterator[tuple[str, Spec]]:
        said = _attributes(kind)
        defaults = {f.name: _default(f) for f in fields(kind)} if issubclass(kind, Body) else {}
        for name, hint in _hints(kind).items():
            schema = self.of(hint)
            described = {"description": said[name]} if name in said else {}
            # Beside a reference other words are allowed since 2019-09, and win nothing but room.
            yield name, described | schema | defaults.get(name, {})


class Given(Schemas):
    """Schemas of records that come back: only what is checked, and more may be there."""

    def of(self, kind: Any) -> Spec:
        """Return the schema of a type without what is only said of it."""
        if get_origin(kind) is Annotated:
            base, *metas = get_args(kind)
            limits = (Meta(ge=meta.ge, le=meta.le) for meta in metas)
            return super().of(Annotated[base, *limits])
        return super().of(kind)

    def _record(self, kind: type) -> Spec:
        hints = get_type_hints(kind, include_extras=True)
        needed = list(hints)
        if is_dataclass(kind):
            kept = [f for f in dataclasses.fields(kind) if f.metadata.get("json", True)]
            hints = {f.name: hints[f.name] for f in kept}
            lacking = (dataclasses.MISSING, dataclasses.MISSING)
            needed = [f.name for f in kept if (f.default, f.default_factory) == lacking]
        properties = {name: self.of(hint) for name, hint in hints.items()}
        return {"type": "object", "properties": properties, "required": needed}


def _object(properties: Mapping[str, Spec], needed: list[str]) -> Spec:
    schema: Spec = {"type": "object", "properties": dict(properties)}
    required = {"required": sorted(needed)} if needed else {}
    return schema | required | {"additionalProperties": False}


def _hints(kind: type) -> dict[str, Any]:
    """Return name → type of what a record's JSON form has."""
    hints = get_type_hints(kind, include_extras=True)
    if not is_dataclass(kind):
        return hints
    more = {
        name: get_type_hints(compute, include_extras=True)["return"]
        for name, compute in members(kind).items()
    }
    return {name: more.get(name, hints.get(name)) for name in json_names(kind)}


def _needed(kind: type) -> list[str]:
    """Return what is always there: a request may leave out what has a default."""
    if issubclass(kind, Body):
        return [field.name for field in fields(kind) if field.required]
    return [name for name, hint in _hints(kind).items() if UnsetType not in get_args(hint)]


def _without_none(kind: Any) -> Any:
    parts = [part for part in get_args(kind) if part is not NoneType]
    return parts[0] if get_origin(kind) in (Union, UnionType) else kind


def _default(field: FieldInfo) -> Spec:
    if field.default_factory is not NODEFAULT:
        return {"default": field.default_factory()}
    has_none = field.default in (NODEFAULT, UNSET)
    return {} if has_none or field.default is None else {"default": as_json(field.default)}


def _limits(meta: Meta, kind: str | list[str] | None) -> Spec:
    """Return what a type's limits are called in JSON Schema."""
    found: Spec = {}
    of_size = {"string": "Length", "array": "Items"}.get(str(kind), "")
    for name, word in _LIMITS.items():
        limit = getattr(meta, name)
        if limit is not None and limit != LARGEST:
            found[word + of_size] = limit
    for name in ("pattern", "description", "examples"):
        if getattr(meta, name) is not None:
            found[name] = getattr(meta, name)
    return found | (meta.extra_json_schema or {})


def _summary(kind: type) -> str:
    """Return what a record is, without the list of what it has."""
    text = inspect.cleandoc(kind.__dict__.get("__doc__") or "")
    return _plain(text.partition("\nAttributes:\n")[0]) if not is_typeddict(kind) else _plain(text)


def _attributes(kind: type) -> dict[str, str]:
    """Return what a record's docstrings, and its properties', say of what it has."""
    found: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        _, _, listed = inspect.cleandoc(base.__dict__.get("__doc__") or "").partition(
            "\nAttributes:\n"
        )
        found |= {name: _sentence(words) for name, words in _ENTRY.findall(listed)}
    more = members(kind) if is_dataclass(kind) else {}
    return found | {name: _sentence(compute.__doc__ or "") for name, compute in more.items()}


def _sentence(words: str) -> str:
    plain = _plain(words)
    return plain[:1].upper() + plain[1:]


def _plain(words: str) -> str:
    """Return a docstring's text without its markup; what is None here is null there."""
    text = re.sub(r":\w+:`~?[\w.]*?(\w+)`", r"\1", " ".join(words.split()))
    return re.sub(r"(`*)\bNone\b\1", "null", text).replace("``", "`")
