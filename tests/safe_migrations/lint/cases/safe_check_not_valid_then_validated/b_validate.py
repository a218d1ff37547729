"""Validate it in a revision, thus a transaction, of its own."""
# expect: none

from alembic import op

revision = "3cf41f957484"
down_revision = "41d99ef1feef"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE trips VALIDATE CONSTRAINT ck_trips_dates")


def downgrade() -> None:
    pass
