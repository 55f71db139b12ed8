"""What a gallery asks for all the time is found at once: thumbnails, counts, who added a cell.

Revision ID: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

#: SQLite numbers rows by itself only where the column is plainly INTEGER.
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make room for thumbnails, and the indexes; cells that are there have no thumbnail."""
    op.create_table(
        "thumbnails",
        sa.Column("cell_id", NUMBER, nullable=False),
        sa.Column("jpeg", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["cell_id"], ["cells.id"], name="fk_thumbnails_cell_id"),
        sa.PrimaryKeyConstraint("cell_id", name="pk_thumbnails"),
    )
    op.create_index(
        "ix_log_case_id_action_cell_id", "log", ["case_id", "action", "cell_id"], unique=False
    )
    op.create_index(
        "ix_cells_case_id_decided_type_status",
        "cells",
        ["case_id", "decided_type", "status"],
        unique=False,
    )
    op.drop_index("ix_cells_case_id", "cells")  # the new one begins with it
