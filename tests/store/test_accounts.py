"""Accounts, sessions, tokens, and the brake on guessing."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from argon2 import PasswordHasher, Type
from sqlalchemy import select, update

from hemavision.errors import LoginError, MissingError, RefusedError
from hemavision.settings import whole_number
from hemavision.store import Store, logins, open_store
from hemavision.store.database import now
from hemavision.store.journal import list_entries
from hemavision.store.logins import (
    add_token,
    find_session,
    find_token,
    list_tokens,
    log_in,
    log_out,
    revoke_token,
)
from hemavision.store.readers import (
    Reader,
    Role,
    add_reader,
    change_reader,
    has_accounts,
    list_readers,
)
from hemavision.store.records import Page
from hemavision.store.schema import attempts, log, readers, sessions, tokens
from hemavision.store.verification import verify

PASSWORD = "correct horse battery"
HERE = "192.0.2.7"
ACCOUNT_FAILURES, ADDRESS_FAILURES = map(whole_number, logins.MOST)


@pytest.fixture
def staffed(store: Store) -> Store:
    """A store with an administrator and a reader."""
    add_reader(store, "ann", Role.ADMIN, PASSWORD, "local")
    add_reader(store, "bob", Role.READER, PASSWORD, "ann")
    return store


def test_the_first_account_is_an_administrator_s(store: Store) -> None:
    assert not has_accounts(store)
    with pytest.raises(RefusedError, match="administrator"):
        add_reader(store, "bob", Role.READER, PASSWORD, "local")
    made = add_reader(store, "ann", Role.ADMIN, PASSWORD, "local")
    assert (made.name, made.role, made.disabled) == ("ann", Role.ADMIN, False)
    assert has_accounts(store)


def test_a_senseless_account_is_refused(staffed: Store) -> None:
    for name in ("ann", "local", "", "a\x00b"):
        with pytest.raises(RefusedError):
            add_reader(staffed, name, Role.READER, PASSWORD, "ann")
    with pytest.raises(RefusedError):
        add_reader(staffed, "new", Role.READER, "short", "ann")
    assert [reader.name for reader in list_readers(staffed)] == ["ann", "bob"]


def test_passwords_are_kept_as_argon2id(staffed: Store) -> None:
    with staffed.reading() as connection:
        hashes = list(connection.execute(select(readers.c.password_hash)).scalars())
    assert all(text.startswith("$argon2id$") for text in hashes)
    assert len(set(hashes)) == 2


def test_passwords_cost_a_guesser(shipped_hasher: PasswordHasher) -> None:
    # The least that OWASP's Password Storage Cheat Sheet asks of Argon2id.
    assert shipped_hasher.type is Type.ID
    assert shipped_hasher.memory_cost >= 19 * 1024
    assert shipped_hasher.time_cost >= 2
    assert shipped_hasher.verify(shipped_hasher.hash(PASSWORD), PASSWORD)


def test_roles_include_those_below() -> None:
    assert Role.ADMIN.includes(Role.READER)
    assert Role.SUPERVISOR.includes(Role.SUPERVISOR)
    assert not Role.READER.includes(Role.SUPERVISOR)


def test_the_last_administrator_stays(staffed: Store) -> None:
    for change in ({"role": Role.READER}, {"disabled": True}):
        with pytest.raises(RefusedError, match="last administrator"):
            change_reader(staffed, "ann", "ann", **change)
    assert change_reader(staffed, "ann", "ann", role=Role.ADMIN, disabled=False) == ann(staffed)
    change_reader(staffed, "bob", "ann", role=Role.ADMIN)
    assert change_reader(staffed, "ann", "bob", disabled=True).disabled
    with pytest.raises(MissingError):
        change_reader(staffed, "nobody", "bob", role=Role.ADMIN)


def test_an_account_is_changed_whole(staffed: Store) -> None:
    new = PASSWORD + "!"
    changed = change_reader(staffed, "bob", "ann", role=Role.ADMIN, password=new, disabled=False)
    assert (changed.role, changed.disabled) == (Role.ADMIN, False)
    assert log_in(staffed, "bob", new, HERE).reader == changed
    entries, _ = list_entries(staffed, None, Page(3))
    told = [(entry.action, entry.before, entry.after) for entry in reversed(entries)]
    assert told == [
        ("set_role", "reader", "admin"), ("set_password", None, None), ("enable_reader", None, None)
    ]  # fmt: skip
    assert {(entry.who, entry.batch) for entry in entries} == {("ann", entries[-1].id)}
    assert verify(staffed).sound


@pytest.mark.parametrize(
    ("name", "change", "refusal"),
    [
        ("bob", {"role": Role.ADMIN, "password": "short"}, "characters"),
        ("bob", {"disabled": True, "password": PASSWORD * 20}, "characters"),
        ("ann", {"password": PASSWORD + "!", "role": Role.READER}, "last administrator"),
        ("ann", {"password": PASSWORD + "!", "disabled": True}, "last administrator"),
    ],
)
def test_what_is_refused_in_part_changes_nothing(
    staffed: Store, name: str, change: dict[str, Any], refusal: str
) -> None:
    session, before = log_in(staffed, name, PASSWORD, HERE), everything(staffed)
    with pytest.raises(RefusedError, match=refusal):
        change_reader(staffed, name, "ann", **change)
    assert everything(staffed) == before
    assert find_session(staffed, session.secret) == session


def everything(store: Store) -> list[Any]:
    """What the store keeps of accounts, and of what was done."""
    with store.reading() as connection:
        return [connection.execute(select(table)).all() for table in (readers, tokens, log)]


def ann(store: Store) -> Reader:
    return list_readers(store)[0]


def test_a_session_lasts_until_it_is_ended(staffed: Store) -> None:
    session = log_in(staffed, "bob", PASSWORD, HERE)
    found = find_session(staffed, session.secret)
    assert found == session
    assert session.reader.name == "bob"
    with staffed.reading() as connection:
        kept = connection.execute(select(sessions)).one()
    assert session.secret not in tuple(kept)  # whoever reads the store cannot log in with it
    log_out(staffed, session.secret)
    assert find_session(staffed, session.secret) is None
    assert find_session(staffed, "made up \ud800") is None


@pytest.mark.parametrize(("hours", "lasts"), [(11.9, True), (12.1, False)])
def test_a_session_lasts_twelve_hours(
    staffed: Store, hours: float, lasts: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = log_in(staffed, "bob", PASSWORD, HERE)
    then = (datetime.now(UTC) + timedelta(hours=hours)).isoformat(timespec="microseconds")
    monkeypatch.setattr(logins, "now", lambda: then)
    assert (find_session(staffed, session.secret) is not None) is lasts


def test_an_old_session_has_ended(staffed: Store) -> None:
    session = log_in(staffed, "bob", PASSWORD, HERE)
    with staffed.noting() as connection:
        connection.execute(update(sessions).values(expires_at="2020-01-01T00:00:00.000000+00:00"))
    assert find_session(staffed, session.secret) is None


def test_a_wrong_login_says_only_that(staffed: Store) -> None:
    for name, password in (("bob", "wrong"), ("nobody", PASSWORD), ("bob", "")):
        with pytest.raises(LoginError, match="Name or password is not right") as error:
            log_in(staffed, name, password, HERE)
        assert error.value.retry_after_s == 0


@pytest.mark.parametrize("closed", [True, False])
def test_closing_an_account_or_a_new_password_ends_its_logins(staffed: Store, closed: bool) -> None:
    session = log_in(staffed, "bob", PASSWORD, HERE)
    _, secret = add_token(staffed, "bob", "script", "bob")
    if closed:
        change_reader(staffed, "bob", "ann", disabled=True)
        with pytest.raises(RefusedError):
            add_token(staffed, "bob", "script", "ann")
    else:
        change_reader(staffed, "bob", "ann", password=PASSWORD + "!")
        assert log_in(staffed, "bob", PASSWORD + "!", HERE)
    assert find_session(staffed, session.secret) is None
    assert find_token(staffed, secret) is None
    with pytest.raises(LoginError):
        log_in(staffed, "bob", PASSWORD, HERE)


def test_an_account_is_throttled(staffed: Store) -> None:
    for number in range(ACCOUNT_FAILURES):
        with pytest.raises(LoginError, match="not right"):
            log_in(staffed, "bob", "wrong", f"192.0.2.{number}")
    with pytest.raises(LoginError, match="Too many") as error:
        log_in(staffed, "bob", PASSWORD, "198.51.100.1")  # not even the right one is looked at
    assert 0 < error.value.retry_after_s <= 15 * 60
    assert log_in(staffed, "ann", PASSWORD, HERE).reader.name == "ann"
    with staffed.noting() as connection:  # a quarter of an hour later
        connection.execute(update(attempts).values(at="2020-01-01T00:00:00.000000+00:00"))
    assert log_in(staffed, "bob", PASSWORD, HERE).reader.name == "bob"


def test_tries_at_many_servers_at_once_are_counted_as_one_after_the_other(
    location: str, staffed: Store
) -> None:
    servers = [staffed, open_store(location)]
    together = threading.Barrier(2 * ACCOUNT_FAILURES)

    def guess(number: int) -> bool:
        together.wait(30)
        with pytest.raises(LoginError) as error:
            log_in(servers[number % 2], "bob", f"wrong {number}", HERE)
        return not error.value.retry_after_s  # it was looked at

    with ThreadPoolExecutor(together.parties) as pool:
        looked_at = sum(pool.map(guess, range(together.parties)))
    servers[1].close()
    assert looked_at == ACCOUNT_FAILURES


def test_an_address_is_throttled(staffed: Store) -> None:
    with staffed.noting() as connection:
        rows = [{"subject": f"address {HERE}", "at": now()}] * ADDRESS_FAILURES
        connection.execute(attempts.insert(), rows)
    with pytest.raises(LoginError, match="Too many"):
        log_in(staffed, "bob", PASSWORD, HERE)
    assert log_in(staffed, "bob", PASSWORD, "198.51.100.1")


def test_the_settings_say_how_often(staffed: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEMAVISION_ACCOUNT_FAILURES", "1")
    with pytest.raises(LoginError, match="not right"):
        log_in(staffed, "bob", "wrong", HERE)
    with pytest.raises(LoginError, match="Too many"):
        log_in(staffed, "bob", PASSWORD, HERE)


def test_failures_of_a_time_to_come_are_forgotten_when_the_clock_is_set_back(
    staffed: Store,
) -> None:
    with staffed.noting() as connection:
        subject = f"address {HERE}"
        rows = [{"subject": subject, "at": "2999-01-01T00:00:00.000000+00:00"}] * ADDRESS_FAILURES
        connection.execute(attempts.insert(), rows)
    assert log_in(staffed, "bob", PASSWORD, HERE).reader.name == "bob"


def test_a_right_login_starts_the_count_anew(staffed: Store) -> None:
    for _ in range(2):
        for _ in range(ACCOUNT_FAILURES - 1):
            with pytest.raises(LoginError, match="not right"):
                log_in(staffed, "bob", "wrong", HERE)
        assert log_in(staffed, "bob", PASSWORD, HERE)


def test_tokens(staffed: Store) -> None:
    token, secret = add_token(staffed, "bob", "nightly import", "ann")
    assert find_token(staffed, secret) == list_readers(staffed)[1]
    assert find_token(staffed, secret + "x") is None
    assert list_tokens(staffed, "bob") == list_tokens(staffed) == [token]
    assert list_tokens(staffed, "ann") == []
    with staffed.reading() as connection:
        assert secret not in tuple(connection.execute(select(tokens)).one())
    with pytest.raises(MissingError):
        revoke_token(staffed, token.id, "ann", reader="ann")
    revoke_token(staffed, token.id, "ann")
    assert find_token(staffed, secret) is None
    with pytest.raises(MissingError):
        revoke_token(staffed, token.id, "ann")
    assert verify(staffed).sound
