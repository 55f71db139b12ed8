"""What readers may call a cell: a laboratory's list of classes, each with its place in the count.

The list comes from a TOML file, as reference ranges do; the shipped ones lie in ``classes/``. A
class that is part of one of the model's types names it as its parent: through it a reader's word is
held against the model's.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from hemavision.errors import SettingsError
from hemavision.records.cells import COUNTED_APART, CUT, EIGHT_TYPES, NOT_DECIDED
from hemavision.records.json_values import Record
from hemavision.records.laboratory_files import find_file, read_file, refuse_unknown, text_of

SHIPPED = Path(__file__).parents[1] / "classes"
DEFAULT = "default"
#: Keys of the workbench that ask for something themselves; a test holds its script to them.
COMMAND_KEYS = frozenset("cdfghikntv")
#: Keys that a class may have, in the order in which they are given.
KEYS = "1234567890" + string.ascii_lowercase
#: Bins that are no classes.
_RESERVED = frozenset({*NOT_DECIDED, "to_read", CUT})
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_LOINC = re.compile(r"([0-9]{1,7})-([0-9])")


@dataclass(frozen=True)
class CellClass(Record):
    """What a reader may call a cell.

    Attributes:
        name: of it, in small letters.
        counted: whether such cells are among the white ones that shares are of.
        key: of the workbench; none is given where all are taken.
        parent: the model's type that it is part of.
        loinc: LOINC's code of its share of the white cells.
        loinc_name: the code's long common name.
    """

    name: str
    counted: bool
    key: str | None = None
    parent: str | None = None
    loinc: str | None = None
    loinc_name: str | None = None


@dataclass(frozen=True)
class ClassList(Record):
    """The classes of a laboratory, in the order of its bins.

    Attributes:
        name: short name; empty for none, by which every type has its usual place.
        title: for people.
        classes: that it lists.
    """

    name: str = ""
    title: str = ""
    classes: tuple[CellClass, ...] = ()

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> ClassList:
        """Return what :meth:`to_json` gave; nothing, of before any list, is the default."""
        return cls.from_json(kept) if kept else load_classes()

    def find(self, name: str) -> CellClass:
        """Return a class, or a type that the list does not name as it usually is."""
        found = [one for one in self.classes if one.name == name]
        return found[0] if found else CellClass(name, name not in COUNTED_APART)

    def counts(self, name: str) -> bool:
        """Whether cells of a class are among the white ones that shares are of."""
        return self.find(name).counted

    def type_of(self, name: str) -> str:
        """Return the model's type that a class is or is part of."""
        return self.find(name).parent or name

    def parts_of(self, name: str, among: Iterable[str]) -> tuple[str, ...]:
        """Return the classes among some that are parts of one of the model's types."""
        return tuple(other for other in among if self.find(other).parent == name)

    def with_types(self, of_models: Iterable[str] = ()) -> tuple[CellClass, ...]:
        """Return every class that a cell may be given, each with a key while there is one.

        Args:
            of_models: types that the models in use name; those that the list leaves out come last.
        """
        listed = {one.name for one in self.classes}
        more = [self.find(name) for name in dict.fromkeys(of_models) if name not in listed]
        return tuple(_with_keys((*self.classes, *more)))

    def names(self, of_models: Iterable[str] = ()) -> tuple[str, ...]:
        """Return the names of :meth:`with_types`."""
        return tuple(one.name for one in self.with_types(of_models))


#: No list: every type is where it usually is.
USUAL_PLACES = ClassList()


def _with_keys(classes: Iterable[CellClass]) -> Iterator[CellClass]:
    """Give those without a key a digit, else a letter of their name, else any that is free."""
    classes = tuple(classes)
    taken = COMMAND_KEYS | {one.key for one in classes if one.key}
    for one in classes:
        if one.key:
            yield one
            continue
        wanted = (*string.digits[1:], "0", *one.name, *string.ascii_lowercase)
        key = next((key for key in wanted if key in KEYS and key not in taken), None)
        taken |= {key} if key else set()
        yield CellClass(**vars(one) | {"key": key})


def load_classes(
    name_or_path: str | Path = DEFAULT, of_model: Iterable[str] | None = ()
) -> ClassList:
    """Load a shipped list by name, or a laboratory's own TOML file.

    Args:
        name_or_path: as the setting ``classes`` has it.
        of_model: types that the model at work names: parents are among them and our own eight; None
            takes any parent, where no model is opened.

    Raises:
        SettingsError: there is no such list, or what it says cannot be used; the text names the
            file, the entry and what to do.
    """
    path = find_file(name_or_path, SHIPPED, "class list")
    if path.parent == SHIPPED:
        return _shipped(path)
    return _load(path, None if of_model is None else tuple(of_model))


@cache
def _shipped(path: Path) -> ClassList:
    return _load(path, ())


def _load(path: Path, of_model: tuple[str, ...] | None) -> ClassList:
    values = read_file(path, "list of classes")
    refuse_unknown(values, {"name", "title", "classes"}, str(path))
    tables = values.get("classes")
    if not isinstance(tables, dict) or not tables:
        raise SettingsError(f"{path} has no [classes.…] table; give one for each class.")
    types = tuple(dict.fromkeys((*EIGHT_TYPES, *(of_model or ()))))
    where = {name: f"{path}: classes.{name}" for name in tables}
    classes = [_class(name, table, where[name], types) for name, table in tables.items()]
    _refuse_shared_keys(classes, path)
    for one in classes:
        _check_parent(one, where[one.name], types, any_parent=of_model is None)
    return ClassList(text_of(values, "name", path), text_of(values, "title", path), tuple(classes))


def _class(name: str, table: object, where: str, types: tuple[str, ...]) -> CellClass:
    if name not in types and not _NAME.fullmatch(name):
        raise SettingsError(
            f"{where} is no name for a class: small letters, digits and _ (40 at most), a letter "
            "first."
        )
    if name in _RESERVED:
        raise SettingsError(f"{where} is the name of a bin of HemaVision's own; choose another.")
    if not isinstance(table, dict):
        raise SettingsError(f"{where} must be a table with counted = true or false.")
    refuse_unknown(table, {"counted", "key", "parent", "loinc", "loinc_name"}, where)
    texts = {key: text_of(table, key, where) for key in table if key != "counted"}
    found = CellClass(name, _counted(name, table.get("counted"), where, types), **texts)
    _check_key(found, where)
    _check_loinc(found, where)
    return found


def _counted(name: str, value: object, where: str, types: tuple[str, ...]) -> bool:
    if not isinstance(value, bool):
        raise SettingsError(
            f"{where} must say counted = true (among the white cells) or counted = false; "
            f"it says {value!r}."
        )
    usual = name not in COUNTED_APART
    if name in types and value != usual:
        raise SettingsError(
            f"{where}.counted is {str(value).lower()}; the model's own types keep their place: "
            f"say counted = {str(usual).lower()}."
        )
    return value


def _check_key(found: CellClass, where: str) -> None:
    if found.key is None:
        return
    if found.key in COMMAND_KEYS:
        raise SettingsError(
            f"{where}.key is {found.key!r}, which is a command of the workbench "
            f"({', '.join(sorted(COMMAND_KEYS))}); choose another, or leave it out."
        )
    if found.key not in KEYS or len(found.key) != 1:
        raise SettingsError(f"{where}.key is {found.key!r}; it must be one digit or small letter.")


def _check_parent(
    found: CellClass, where: str, types: tuple[str, ...], *, any_parent: bool
) -> None:
    if found.parent is None:
        return
    if found.name in types:
        raise SettingsError(
            f"{where} is one of the model's own types: it has no parent; leave it out."
        )
    if found.parent not in types and not any_parent:
        raise SettingsError(
            f"{where}.parent is {found.parent!r}, which is no type of the model; it must be one of "
            f"{', '.join(types)}, or be left out."
        )
    if found.counted and found.parent in COUNTED_APART:
        raise SettingsError(
            f"{where} is counted among the white cells, but its parent {found.parent} is none: say "
            "counted = false, or name another parent."
        )


def _check_loinc(found: CellClass, where: str) -> None:
    if found.loinc_name and not found.loinc:
        raise SettingsError(f'{where} has a loinc_name and no code; say loinc = "…" as well.')
    if found.loinc is None:
        return
    parts = _LOINC.fullmatch(found.loinc)
    if not parts or int(parts[2]) != _check_digit(parts[1]):
        raise SettingsError(
            f"{where}.loinc is {found.loinc!r}, which is no LOINC code (its last digit checks the "
            "others); look it up at https://loinc.org, or leave it out."
        )


def _check_digit(digits: str) -> int:
    """Return LOINC's check digit, which is Luhn's."""
    doubled = [2 * int(digit) for digit in digits[::-2]]
    total = sum(map(int, digits[-2::-2])) + sum(n // 10 + n % 10 for n in doubled)
    return -total % 10


def _refuse_shared_keys(classes: Iterable[CellClass], path: Path) -> None:
    owners: dict[str, str] = {}
    for one in classes:
        if one.key and (other := owners.setdefault(one.key, one.name)) != one.name:
            raise SettingsError(
                f"{path}: classes.{one.name}.key is {one.key!r}, which classes.{other} "
                "has already; give one of them another, or none."
            )
