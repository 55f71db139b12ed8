"""Accounts: who may do what. A name is never given away again, because the log keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, Row, insert, select, update

from hemavision.errors import MissingError, RefusedError
from hemavision.records.json_values import Record
from hemavision.store.chain import Event
from hemavision.store.database import Store
from hemavision.store.schema import readers, sessions, tokens
from hemavision.store.vocabulary import checked_text

#: Fewest characters of a password (NIST SP 800-63B-4, section 3.1.1.2, for a single factor
#: asks for 15).
SHORTEST_PASSWORD = 15
_LONGEST_PASSWORD, _LONGEST_NAME = 256, 80
_HASHER = PasswordHasher()


class Role(StrEnum):
    """What a reader may do; each may do what the one before it may."""

    #: Make, read, sign cases, read them anew.
    READER = "reader"
    #: Open signed cases again.
    SUPERVISOR = "supervisor"
    #: Look after accounts.
    ADMIN = "admin"

    def includes(self, other: Role) -> bool:
        """Return whether this role may do what ``other`` may."""
        ranks = list(Role)
        return ranks.index(self) >= ranks.index(other)


@dataclass(frozen=True)
class Reader(Record):
    """A person who reads, as the log names them."""

    name: str
    role: Role
    disabled: bool = False
    created_at: str | None = None


#: The one reader of a server without accounts.
LOCAL = Reader("local", Role.ADMIN)


def add_reader(store: Store, name: str, role: Role, password: str, who: str) -> Reader:
    """Make an account.

    Raises:
        RefusedError: the name is taken or cannot be kept, the password is too short, or the
            first account is no administrator's.
    """
    name = checked_text("The name", name, _LONGEST_NAME)
    hashed = hash_password(password)
    with store.writing(who) as turn:
        taken = select(readers.c.name).where(readers.c.name == name)
        if name == LOCAL.name or turn.connection.execute(taken).first():
            raise RefusedError("name-taken", f"There is a reader {name!r} already.")
        if role is not Role.ADMIN and not _has_admin(turn.connection):
            raise RefusedError(
                "no-admin", "The first account is an administrator's: it looks after the others."
            )
        values = {"name": name, "role": role, "password_hash": hashed, "disabled": False}
        turn.connection.execute(insert(readers).values(**values, created_at=turn.at))
        turn.record([Event("add_reader", after=role, detail={"reader": name})])
        return _find(turn.connection, name)


def list_readers(store: Store) -> list[Reader]:
    """Return every account, by name."""
    with store.reading() as connection:
        return [as_reader(row) for row in connection.execute(select(readers).order_by("name"))]


def has_accounts(store: Store) -> bool:
    """Return whether there is an account that can be used: then everybody has to log in."""
    with store.reading() as connection:
        usable = select(readers.c.name).where(~readers.c.disabled)
        return connection.execute(usable.limit(1)).first() is not None


def change_reader(
    store: Store,
    name: str,
    who: str,
    *,
    role: Role | None = None,
    password: str | None = None,
    disabled: bool | None = None,
) -> Reader:
    """Change an account: all that is named, or nothing.

    Args:
        store: where it is.
        name: whose.
        who: changes it.
        role: the new one.
        password: the new one; sessions and tokens from before end.
        disabled: True closes the account, with its sessions and tokens; False opens it again.

    Raises:
        MissingError: there is none of that name.
        RefusedError: it is the last administrator, or the password is too short or too long.
    """
    values: dict[str, Any] = {}
    if password is not None:  # before the writer's turn: hashing takes long
        values["password_hash"] = hash_password(password)
    about = {"reader": name}
    with store.writing(who) as turn:
        before = _find(turn.connection, name)
        events = []
        if disabled or role not in (None, Role.ADMIN):
            _refuse_last_admin(turn.connection, before)
        if role is not None:
            values["role"] = role
            events.append(Event("set_role", before=before.role, after=role, detail=about))
        if password is not None:
            events.append(Event("set_password", detail=about))
        if disabled is not None:
            values["disabled"] = disabled
            action = "disable_reader" if disabled else "enable_reader"
            events.append(Event(action, detail=about))
        if disabled or password is not None:
            _end_logins(turn.connection, name, turn.at)
        if values:
            turn.connection.execute(update(readers).where(readers.c.name == name).values(**values))
        turn.record(events)
        return _find(turn.connection, name)


def hash_password(password: str) -> str:
    """Return a password's Argon2id hash.

    Raises:
        RefusedError: it is too short or too long.
    """
    if not SHORTEST_PASSWORD <= len(password) <= _LONGEST_PASSWORD:
        raise RefusedError(
            "bad-password",
            f"The password has {len(password)} characters; it needs {SHORTEST_PASSWORD} to "
            f"{_LONGEST_PASSWORD}. Three or four words do.",
        )
    return _HASHER.hash(password)


def verify_password(connection: Connection, name: str, password: str) -> Reader | None:
    """Return the reader whose name and password these are, None if they are nobody's.

    An unknown name takes as long as a wrong password.
    """
    row = connection.execute(select(readers).where(readers.c.name == name)).one_or_none()
    try:
        _HASHER.verify(row.password_hash if row else _nobody(), password)
    except (VerificationError, InvalidHashError):
        return None
    return None if row is None or row.disabled else as_reader(row)


def _nobody() -> str:
    """Return a hash that no password has, as costly to check as any: parameters and zeros."""
    costs = f"m={_HASHER.memory_cost},t={_HASHER.time_cost},p={_HASHER.parallelism}"
    return f"$argon2id$v=19${costs}${'A' * 22}${'A' * 43}"


def _find(connection: Connection, name: str) -> Reader:
    row = connection.execute(select(readers).where(readers.c.name == name)).one_or_none()
    if row is None:
        raise MissingError(f"There is no reader {name!r}.")
    return as_reader(row)


def as_reader(row: Row[Any]) -> Reader:
    """Return a row of the table as a record."""
    return Reader(row.name, Role(row.role), bool(row.disabled), row.created_at)


def _has_admin(connection: Connection, other_than: str = "") -> bool:
    admins = (readers.c.role == Role.ADMIN) & ~readers.c.disabled & (readers.c.name != other_than)
    return connection.execute(select(readers.c.name).where(admins).limit(1)).first() is not None


def _refuse_last_admin(connection: Connection, reader: Reader) -> None:
    if reader.role is not Role.ADMIN or _has_admin(connection, reader.name):
        return
    raise RefusedError("last-admin", f"{reader.name!r} is the last administrator.")


def _end_logins(connection: Connection, name: str, at: str) -> None:
    connection.execute(sessions.delete().where(sessions.c.reader == name))
    live = (tokens.c.reader == name) & tokens.c.revoked_at.is_(None)
    connection.execute(update(tokens).where(live).values(revoked_at=at))
