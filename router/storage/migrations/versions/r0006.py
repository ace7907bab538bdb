"""What all who send to a target know of it. What stands here is history: it never changes."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Adds the table and an index of critical deliveries; who does not know of them goes on beside it."""
    op.create_table(
        "targets",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("tokens", sa.Float()),
        sa.Column("tokens_at", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("pauses", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("broken", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("probed_until", sa.BigInteger(), nullable=False),
    )
    which = sa.text("state IN ('pending', 'waiting') AND severity = 'critical'")
    op.create_index(
        "deliveries_critical",
        "deliveries",
        ["severity", "target", "due_at", "id"],
        sqlite_where=which,
        postgresql_where=which,
    )
