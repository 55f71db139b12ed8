"""A laboratory's own TOML files, read one way: what is wrong is named with its file and place."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hemavision.errors import SettingsError

MAX_BYTES = 2**20


def shipped_names(folder: Path) -> list[str]:
    """Return the names of the files that ship in a folder, sorted."""
    return sorted(path.stem for path in folder.glob("*.toml"))


def find_file(name_or_path: str | Path, folder: Path, what: str) -> Path:
    """Return a shipped file by name, or a laboratory's own by path.

    Args:
        name_or_path: as the setting has it.
        folder: of those that ship.
        what: they are, such as ``"reference profile"``.

    Raises:
        SettingsError: there is none.
    """
    known = shipped_names(folder)
    if str(name_or_path) in known:
        return folder / f"{name_or_path}.toml"
    path = Path(name_or_path)
    if not path.is_file():
        kind = what.rpartition(" ")[2]
        raise SettingsError(
            f"No {what} {str(name_or_path)!r}: neither a file nor a shipped "
            f"{kind} ({', '.join(known)})."
        )
    return path


def read_file(path: Path, what: str) -> dict[str, Any]:
    """Return what a TOML file says.

    Raises:
        SettingsError: it is too large, unreadable, or no TOML.
    """
    if path.stat().st_size > MAX_BYTES:
        raise SettingsError(f"{path} is larger than {MAX_BYTES} bytes: not a {what}.")
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not readable TOML: {error}.") from error
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}.") from error


def text_of(values: Mapping[str, Any], key: str, where: str | Path) -> str:
    """Return a text that has to be there.

    Raises:
        SettingsError: it is not there, or empty.
    """
    value = values.get(key)
    if not isinstance(value, str) or not value.strip():
        raise SettingsError(f'{where} must say {key} = "…".')
    return value.strip()


def refuse_unknown(values: Iterable[str], known: set[str], where: str) -> None:
    """Refuse keys that mean nothing: they are misspelt.

    Raises:
        SettingsError: there is one.
    """
    unknown = sorted(set(values) - known)
    if unknown:
        raise SettingsError(
            f"{where} has unknown keys: {', '.join(unknown)} (known: {', '.join(sorted(known))})."
        )
