"""Brings a store's tables up to date when it is opened."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from hemavision.errors import StoreError

if TYPE_CHECKING:
    from alembic.config import Config

#: The last migration; a test holds it to the files.
HEAD = "0006"
#: Any number will do, as long as every HemaVision takes the same one.
_LOCK = 7_436_212
#: Alembic keeps the migration that it runs in globals of the process.
_ONE_AT_A_TIME = threading.Lock()


def upgrade(connection: Connection) -> None:
    """Run the migrations that a store has not seen yet, in the connection's transaction.

    Raises:
        StoreError: a newer HemaVision made the store.
    """
    if connection.dialect.name == "postgresql":  # SQLite's transaction has locked the file
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    current = read_step(connection)
    if current == HEAD:
        return
    # Slow to import, and nearly always the tables are as they should be.
    from alembic import command

    if current is not None and current not in known_steps():
        raise StoreError(
            f"A newer HemaVision made this store (step {current}; this one knows {HEAD}). Update "
            "HemaVision."
        )
    config = _config()
    config.attributes["connection"] = connection
    with _ONE_AT_A_TIME:
        command.upgrade(config, "head")


def known_steps() -> set[str]:
    """Return every migration that this HemaVision has."""
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory.from_config(_config()).walk_revisions()
    return {script.revision for script in scripts}


def _config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    return config


def read_step(connection: Connection) -> str | None:
    """Return the migration that a store's tables are at, None where there is no store."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)
