"""Rows can be taken out: their numbers are never given again.

Revision ID: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

#: SQLite numbers rows by itself only where the column is plainly INTEGER.
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make room for the highest number that was taken out of each table."""
    op.create_table(
        "taken_out",
        sa.Column("of_table", sa.String(length=80), nullable=False),
        sa.Column("highest", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("of_table", name="pk_taken_out"),
    )
