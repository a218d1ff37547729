"""Lock a table by hand, until the end of the transaction."""
# expect: lock-table

from alembic import op

revision = "45ebc4e7302b"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("LOCK TABLE bookings IN ACCESS EXCLUSIVE MODE")


def downgrade() -> None:
    pass
