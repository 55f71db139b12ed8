"""No error of a store shows any part of its password, however it is written."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from functools import partial
from urllib.parse import quote

import pytest
from click.testing import CliRunner
from sqlalchemy import create_engine, text

from hemavision.cli import main
from hemavision.errors import StoreError
from hemavision.store import open_store
from hemavision.store.cases import create_case
from hemavision.store.inspection import Condition, inspect_store

#: Between the signs stand the parts that are looked for: each of them alone would be too much.
PASSWORDS = (
    "qwe1@rty2",
    "@qwe1rty2",
    "qwe1rty2@",
    "qwe1@rty2@uio3",
    "qwe1@rty2/uio3",
    "qwe1@rty2:uio3",
    "qwe1@rty2?uio3=asd4",
    "qwe1/rty2",
    "qwe1:rty2",
    "qwe1#rty2",
    "qwe1?rty2",
    "qwe1&rty2=uio3",
    "qwe1%40rty2",
    "qwe1%2Frty2",
    "qwe1%zzrty2",
    "qwe1%00rty2",
    "qwe1\udcffrty2",
    "qwe1 rty2\nuio3",
)
PARTS = ("qwe1", "rty2", "uio3", "asd4", "udcff")
#: Where a password may stand, by a server that refuses every call.
URLS = (
    "postgresql://ann:{}@127.0.0.1:1/cases",
    "postgresql+psycopg://ann:{}@127.0.0.1:1/cases",
    "postgresql://ann:{}@/cases?host=127.0.0.1&port=1",
    "postgresql://127.0.0.1:1/cases?user=ann&password={}",
    "postgresql://127.0.0.1:1/cases?user=ann&sslpassword={}&password=x",
    "postgresql://ann@127.0.0.1:1/cases?pwd={}",
    "postgresql://ann:{}",  # without an @ in the password: that would be a sound URL of a host
    "postgresql://ann:{}@127.0.0.1:none/cases",
    "postgresql:ann:{}@127.0.0.1/cases",
    "postgresql:/ann:{}@127.0.0.1/cases",
    "postgres://ann:{}@127.0.0.1:1/cases",
    "mysql://ann:{}@127.0.0.1:1/cases",
    "sqlite://ann:{}@127.0.0.1/cases",
    "sqlite://ann:{}@/cases",
    "://ann:{}@127.0.0.1/cases",
)


def says(ask: Callable[[], object]) -> str:
    """What is answered, or raised with everything that a log would keep of it."""
    try:
        return str(ask())
    except StoreError as error:
        return "".join(traceback.format_exception_only(error)) + str(error.__cause__ or "")


@pytest.mark.parametrize("url", URLS)
def test_a_server_that_is_not_reached(url: str) -> None:
    quoted = [quote(password.encode(errors="surrogateescape"), safe="") for password in PASSWORDS]
    for written in (*PASSWORDS, *quoted):
        if "@" in written and url.endswith("ann:{}"):
            continue
        for look in (inspect_store, open_store):
            said = says(partial(look, url.format(written)))
            assert [part for part in PARTS if part in said] == [], written
            assert said


@pytest.mark.parametrize("password", PASSWORDS[:5])
def test_a_server_that_answers(
    password: str, postgresql: str, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = postgresql.replace("@", f":{quote(password, safe='')}@", 1)
    url = server.format(database)
    said = [says(lambda: open_store(server.format("nowhere")))]
    said.append(says(lambda: inspect_store(server.format("nowhere"))))
    assert all("nowhere" in words for words in said)
    store = open_store(url)
    said.append(store.location)
    change(url, "UPDATE alembic_version SET version_num = '9999'")
    found = inspect_store(url)
    assert found.condition is Condition.NEWER
    said += [str(found), says(lambda: open_store(url))]
    monkeypatch.setenv("HEMAVISION_STORE", url)
    for command in (["doctor", "--json"], ["cases", "list"], ["cases", "verify"]):
        said.append(CliRunner().invoke(main, command).output)
    # A migration that fails half way, and a store that loses its tables while it is open.
    change(url, "UPDATE alembic_version SET version_num = '0001'")
    said.append(says(lambda: open_store(url)))
    change(url, "DROP TABLE chain CASCADE")
    said += [says(store.ping), says(lambda: create_case(store, "One", "", "ann"))]
    store.close()
    assert all(said)
    assert "9999" in said[4]
    assert [(part, words) for words in said for part in PARTS if part in words] == []
    unescaped = says(lambda: open_store(postgresql.replace("@", f":{password}@", 1).format("x")))
    assert [part for part in PARTS if part in unescaped] == []


def change(url: str, statement: str) -> None:
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()
