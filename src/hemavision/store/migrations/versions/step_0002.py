"""What a reader enters beside the cells belongs to the case.

Revision ID: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Give every case its entries, none so far; what was signed before had none."""
    op.add_column("cases", sa.Column("entries", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("versions", sa.Column("entries", sa.JSON(), nullable=True))
