"""When a mute was over that kept an alert from everybody. What stands here is history: it never changes."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Adds the column; who does not know of it goes on beside it, and closes such an alert as before."""
    op.add_column("alerts", sa.Column("closes_from", sa.BigInteger(), nullable=True))
