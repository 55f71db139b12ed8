"""Ranges, models and heatmaps of a report are signed with a case's version.

Revision ID: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

#: SQLite numbers rows by itself only where the column is plainly INTEGER.
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make room for them; what was signed before has none."""
    op.add_column("versions", sa.Column("figures", sa.JSON(), nullable=True))
    op.create_table(
        "signed_heatmaps",
        sa.Column("case_id", NUMBER, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("cell_id", NUMBER, nullable=False),
        sa.Column("png", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id", "version"],
            ["versions.case_id", "versions.version"],
            name="fk_signed_heatmaps_case_id",
        ),
        sa.ForeignKeyConstraint(["cell_id"], ["cells.id"], name="fk_signed_heatmaps_cell_id"),
        sa.PrimaryKeyConstraint("case_id", "version", "cell_id", name="pk_signed_heatmaps"),
    )
