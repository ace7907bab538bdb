"""What a provider calls a message, so that later ones of its group stand below it."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Adds the column and its index; who does not know of them goes on beside it."""
    op.add_column("deliveries", sa.Column("reference", sa.Text()))
    which = sa.text("reference IS NOT NULL")
    op.create_index(
        "deliveries_referred",
        "deliveries",
        ["group_id", "target"],
        sqlite_where=which,
        postgresql_where=which,
    )
