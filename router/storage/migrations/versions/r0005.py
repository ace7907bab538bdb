"""Indexes of what has ended hold only that: what is open was looked for in them, one by one."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Makes them anew; what has not ended is found by its slot, its anchor or its severity."""
    ended = sa.text("ended_at IS NOT NULL")
    for table in ("alerts", "groups"):
        op.drop_index(f"{table}_ended", table)
        op.create_index(f"{table}_ended", table, ["ended_at"], sqlite_where=ended, postgresql_where=ended)
