"""Sessions of browsers, tokens of programs, and the brake on guessing. Secrets are kept hashed."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, func, insert, select, update

from hemavision import settings
from hemavision.errors import LoginError, MissingError, RefusedError
from hemavision.records.json_values import Count, Record
from hemavision.store.chain import Event
from hemavision.store.database import Store, now
from hemavision.store.readers import Reader, as_reader, verify_password
from hemavision.store.schema import attempts, chain, readers, sessions, tokens
from hemavision.store.vocabulary import checked_text

#: A working day: then the reader logs in again.
SESSION_S = 12 * 3600
#: The settings of how many failed logins are looked at within :data:`WINDOW_S`, for one account and
#: for one address.
MOST = ("account_failures", "address_failures")
WINDOW_S = 15 * 60
_TOKEN_PREFIX = "hv_"


@dataclass(frozen=True)
class Session:
    """A browser's login. ``secret`` goes into its cookie, ``csrf`` into its page."""

    secret: str
    csrf: str
    reader: Reader


@dataclass(frozen=True)
class Token(Record):
    """A program's login, without its secret."""

    id: Count
    reader: str
    label: str
    created_at: str
    revoked_at: str | None


def log_in(store: Store, name: str, password: str, address: str) -> Session:
    """Begin a session.

    Args:
        store: whose accounts.
        name: of the reader.
        password: of the reader.
        address: that the request came from.

    Raises:
        LoginError: name or password is not right, or there were too many failures of late.
    """
    _note_attempt(store, name, address)
    with store.reading() as connection:
        reader = verify_password(connection, name, password)
    if reader is None:
        raise LoginError("Name or password is not right.")
    session = Session(secrets.token_urlsafe(32), secrets.token_urlsafe(32), reader)
    with store.noting() as connection:
        connection.execute(delete(attempts).where(attempts.c.subject.in_(_subjects(name, address))))
        connection.execute(delete(sessions).where(sessions.c.expires_at < now()))
        values = {"sha256": _digest(session.secret), "csrf": session.csrf}
        expires = _moment(SESSION_S)
        connection.execute(
            insert(sessions).values(reader=reader.name, expires_at=expires, **values)
        )
    return session


def find_session(store: Store, secret: str) -> Session | None:
    """Return the session of a cookie, None if it has ended."""
    good = (sessions.c.sha256 == _digest(secret)) & (sessions.c.expires_at > now())
    found = select(readers, sessions.c.csrf).join(sessions).where(good, ~readers.c.disabled)
    with store.reading() as connection:
        row = connection.execute(found).one_or_none()
    return Session(secret, row.csrf, as_reader(row)) if row else None


def log_out(store: Store, secret: str) -> None:
    """End a session."""
    with store.noting() as connection:
        connection.execute(delete(sessions).where(sessions.c.sha256 == _digest(secret)))


def add_token(store: Store, reader: str, label: str, who: str) -> tuple[Token, str]:
    """Make a token; return it and its secret, which nobody can look up later.

    Raises:
        MissingError: there is no such reader.
        RefusedError: the account is closed, or the label cannot be kept.
    """
    label = checked_text("The label", label, 80)
    secret = _TOKEN_PREFIX + secrets.token_urlsafe(32)
    with store.writing(who) as turn:
        known = turn.connection.execute(select(readers).where(readers.c.name == reader)).first()
        if known is None:
            raise MissingError(f"There is no reader {reader!r}.")
        if known.disabled:
            raise RefusedError("disabled", f"The account of {reader!r} is closed.")
        values = {"reader": reader, "label": label, "sha256": _digest(secret)}
        number = turn.add(tokens, created_at=turn.at, **values)
        detail = {"reader": reader, "token": number, "label": label}
        turn.record([Event("add_token", detail=detail)])
    return Token(number, reader, label, turn.at, None), secret


def list_tokens(store: Store, reader: str | None = None) -> list[Token]:
    """Return the tokens of a reader, or everybody's."""
    columns = [column for column in tokens.c if column.name != "sha256"]
    found = select(*columns).order_by(tokens.c.id)
    if reader is not None:
        found = found.where(tokens.c.reader == reader)
    with store.reading() as connection:
        return [Token(**row._mapping) for row in connection.execute(found)]


def revoke_token(store: Store, number: int, who: str, reader: str | None = None) -> None:
    """End a token.

    Args:
        store: where it is.
        number: of the token.
        who: ends it.
        reader: whose it must be; None is anybody's.

    Raises:
        MissingError: there is no such token that is still good.
    """
    good = (tokens.c.id == number) & tokens.c.revoked_at.is_(None)
    if reader is not None:
        good &= tokens.c.reader == reader
    with store.writing(who) as turn:
        done = turn.connection.execute(update(tokens).where(good).values(revoked_at=turn.at))
        if not done.rowcount:
            raise MissingError(f"There is no token {number}.")
        turn.record([Event("revoke_token", detail={"token": number})])


def find_token(store: Store, secret: str) -> Reader | None:
    """Return the reader that a token stands for, None if it is not good."""
    good = (tokens.c.sha256 == _digest(secret)) & tokens.c.revoked_at.is_(None)
    found = select(readers).join(tokens).where(good, ~readers.c.disabled)
    with store.reading() as connection:
        row = connection.execute(found).one_or_none()
    return as_reader(row) if row else None


def _note_attempt(store: Store, name: str, address: str) -> None:
    """Note a try before it is looked at, so that many at once cannot slip through."""
    since = _moment(-WINDOW_S)
    limits = zip(_subjects(name, address), map(settings.whole_number, MOST), strict=True)
    with store.noting() as connection:
        # Tries at all servers take turns, as writers do: SQLite's do so by themselves.
        connection.execute(select(chain.c.length).with_for_update())
        # What lies ahead was noted before somebody set the clock back.
        old = (attempts.c.at < since) | (attempts.c.at > now())
        connection.execute(delete(attempts).where(old))
        for subject, most in limits:
            mine = attempts.c.subject == subject
            found = select(func.count(), func.min(attempts.c.at)).where(mine)
            count, first = connection.execute(found).one()
            if count >= most:
                raise LoginError("Too many failed logins; wait a while.", _wait(first))
            connection.execute(insert(attempts).values(subject=subject, at=now()))


def _subjects(name: str, address: str) -> tuple[str, str]:
    return f"account {_digest(name)}", f"address {address}"[:255]


def _wait(first: str) -> int:
    over = datetime.fromisoformat(first) + timedelta(seconds=WINDOW_S) - datetime.now(UTC)
    return max(1, round(over.total_seconds()))


def _moment(seconds_from_now: float) -> str:
    moment = datetime.now(UTC) + timedelta(seconds=seconds_from_now)
    return moment.isoformat(timespec="microseconds")


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
