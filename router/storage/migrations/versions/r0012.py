"""After which telling a group's incident was acknowledged. What stands here is history: it never changes."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Adds the column; who does not know of it goes on beside it, and passes on no acknowledgement."""
    op.add_column("groups", sa.Column("acknowledged", sa.Integer(), nullable=False, server_default="0"))
