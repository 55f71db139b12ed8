"""How large a pixel is, how the network saw a cell, and cells of image sets to compare with.

Revision ID: 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

#: SQLite numbers rows by itself only where the column is plainly INTEGER.
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make room for pixel sizes, embeddings and reference cells."""
    op.add_column("images", sa.Column("pixel_um", sa.Float()))
    op.create_table(
        "embeddings",
        sa.Column("cell_id", NUMBER, nullable=False),
        sa.Column("model_sha256", sa.String(length=64), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("cell_id", name="pk_embeddings"),
        sa.ForeignKeyConstraint(["cell_id"], ["cells.id"], name="fk_embeddings_cell_id"),
    )
    op.create_table(
        "reference_cells",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.Column("cell_type", sa.String(length=80), nullable=False),
        sa.Column("image_sha256", sa.String(length=64), nullable=False),
        sa.Column("model_sha256", sa.String(length=64), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.Column("jpeg", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_reference_cells"),
    )
