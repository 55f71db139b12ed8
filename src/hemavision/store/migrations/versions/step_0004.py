"""A finished second reading keeps the first reader's word of that moment, and the case's version.

Revision ID: 0004
"""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_FINISHED = sa.text(
    """SELECT id, case_id, detail FROM log WHERE action = 'read' AND "after" = 'finished'"""
)
_VERSION = sa.text(
    """
    UPDATE reads SET closed_version = 1 + (
        SELECT count(*) FROM log
        WHERE log.action = 'amend' AND log.case_id = :of_case AND log.id < :at
    ) WHERE id = :reading
    """
)
_WORDS = sa.text(
    """
    UPDATE read_cells SET first_type = (
        SELECT log."after" FROM log
        WHERE log.case_id = :of_case AND log.cell_id = read_cells.cell_id
        AND log.action IN ('decide', 'undo') AND log.id < :at
        ORDER BY log.id DESC LIMIT 1
    ) WHERE read_id = :reading
    """
)


def upgrade() -> None:
    """Make room for both, and fill it from the log where readings are finished already."""
    op.add_column("reads", sa.Column("closed_version", sa.Integer(), nullable=True))
    op.add_column("read_cells", sa.Column("first_type", sa.String(length=80), nullable=True))
    connection = op.get_bind()
    for number, case_id, detail in connection.execute(_FINISHED).all():
        of = {"at": number, "of_case": case_id, "reading": json.loads(detail)["read"]}
        connection.execute(_VERSION, of)
        connection.execute(_WORDS, of)
