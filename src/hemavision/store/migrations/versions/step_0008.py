"""A case remembers the classes that its cells are called by.

Revision ID: 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Make room for them; a case of before is read with the default list, an empty object."""
    op.add_column("cases", sa.Column("classes", sa.JSON(), nullable=False, server_default="{}"))
