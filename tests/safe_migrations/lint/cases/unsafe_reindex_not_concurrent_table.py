"""Rebuild the indexes of a table while writers wait."""
# expect: reindex-not-concurrent

from alembic import op

revision = "0cb1d2395e21"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("REINDEX TABLE bookings")


def downgrade() -> None:
    pass
