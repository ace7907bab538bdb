"""Up to when the clock of ``escalate`` knows of mutes. What stands here is history: it never changes."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Adds the column; who does not know of it goes on beside it, and counts mutes as before."""
    op.add_column("alerts", sa.Column("clock_at", sa.BigInteger(), nullable=True))
