"""Events of one microsecond keep the order in which they came; those of a day are counted in an index."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Adds both; what came before keeps the order of its ids, as does what the version before writes."""
    op.add_column("events", sa.Column("number", sa.BigInteger(), nullable=False, server_default="0"))
    op.create_index("events_counted", "events", ["received_at", "kind", "outcome", "source", "job_id"])
