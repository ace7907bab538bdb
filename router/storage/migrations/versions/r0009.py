"""Events that were received in the same microsecond keep the order in which they came."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Adds it; what came before keeps the order of its ids, as does what the version before writes."""
    op.add_column("events", sa.Column("number", sa.BigInteger(), nullable=False, server_default="0"))
