"""Reading the log."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, Row, func, select

from hemavision.store.database import Store
from hemavision.store.records import Case, Entry, Page
from hemavision.store.schema import log


def list_entries(store: Store, case_id: int | None, page: Page) -> tuple[list[Entry], int]:
    """Return a page of the log, newest first, and how many rows there are in all.

    Args:
        store: whose log.
        case_id: only what concerns this case; None for everything.
        page: which rows.
    """
    wanted = [] if case_id is None else [log.c.case_id == case_id]
    with store.reading() as connection:
        total = connection.execute(select(func.count()).select_from(log).where(*wanted)).scalar()
        found = select(log).where(*wanted).order_by(log.c.id.desc())
        rows = connection.execute(found.limit(page.limit).offset(page.offset)).all()
    return [as_entry(row) for row in rows], int(total or 0)


def entries_since(connection: Connection, case: Case, revision: int) -> list[Entry]:
    """Return what was done to a case after a revision of it, oldest first."""
    found = select(log).where(log.c.case_id == case.id, log.c.case_revision > revision)
    return [as_entry(row) for row in connection.execute(found.order_by(log.c.id))]


def as_entry(row: Row[Any]) -> Entry:
    """Return a row of the log as a record."""
    values = {**row._mapping, "detail": json.loads(row.detail)}
    del values["previous"]
    return Entry(**values)
