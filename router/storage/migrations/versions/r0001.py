"""The first tables."""

from alembic import op

from router.storage.tables import metadata

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Makes every table."""
    metadata.create_all(op.get_bind())


def downgrade() -> None:
    """Drops every table."""
    metadata.drop_all(op.get_bind())
