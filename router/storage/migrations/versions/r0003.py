"""When the fallback of a delivery is told. What stands here is history: it never changes."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Adds when a delivery is overdue; what waits already is told to a fallback only if it is given up."""
    op.add_column("deliveries", sa.Column("overdue_at", sa.BigInteger(), nullable=True))
    which = sa.text("overdue_at IS NOT NULL AND ended_at IS NULL")
    op.create_index(
        "deliveries_overdue",
        "deliveries",
        ["overdue_at", "id"],
        unique=False,
        sqlite_where=which,
        postgresql_where=which,
    )
