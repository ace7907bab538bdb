"""Indexes of the events that matched a rule, and of those on which a filter failed."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Adds them; who does not know of them goes on beside them."""
    for name, column in (("events_matched", "matches"), ("events_failing", "failures")):
        which = sa.text(f"{column} <> '[]'")
        op.create_index(name, "events", ["received_at"], sqlite_where=which, postgresql_where=which)
