"""What the page reads quickly, and what people did. What stands here is history: it never changes."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Adds two indexes over the few records that are looked for among many, and the audit trail."""
    _index("groups_open", "groups", ["severity", "opened_at", "id"], "ended_at IS NULL")
    undelivered = "state IN ('dead', 'replaced', 'dropped')"
    _index("deliveries_undelivered", "deliveries", ["state", "created_at", "id"], undelivered)
    op.create_table(
        "deeds",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, server_default="0"),
    )
    op.create_index("deeds_at", "deeds", ["at", "id"])


def _index(name: str, table: str, columns: list[str], where: str) -> None:
    which = sa.text(where)
    op.create_index(name, table, columns, sqlite_where=which, postgresql_where=which)
