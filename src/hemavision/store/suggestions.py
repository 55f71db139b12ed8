"""The seal of what a model said of an image's cells: the log keeps it, the proof makes it anew."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select

from hemavision.store.schema import cells

_SEALED = (
    cells.c.id,
    cells.c.left,
    cells.c.top,
    cells.c.right,
    cells.c.bottom,
    cells.c.suggested_type,
    cells.c.confidence,
    cells.c.status,
    cells.c.model_sha256,
    cells.c.prediction,
)


def seal_suggestions(connection: Connection, image_id: int) -> list[str]:
    """Return the SHA-256 of the suggestions for an image's cells, as they are kept.

    Returns:
        One for no cell, then one for each cell with all before it: an import and every cell that
        is added later have each sealed what was there, and each seal still has to hold.
    """
    total = hashlib.sha256()
    seals = [total.hexdigest()]
    found = select(*_SEALED).where(cells.c.image_id == image_id).order_by(cells.c.id)
    for row in connection.execute(found):
        total.update(_as_text(row).encode("ascii"))
        seals.append(total.hexdigest())
    return seals


def _as_text(row: Sequence[Any]) -> str:
    return json.dumps(list(row), sort_keys=True, separators=(",", ":")) + "\n"
