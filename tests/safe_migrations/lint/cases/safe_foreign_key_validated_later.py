"""Validate what an earlier revision added NOT VALID: readers and writers go on."""
# expect: none

from alembic import op

revision = "8124da645735"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE bookings VALIDATE CONSTRAINT fk_bookings_user_id")


def downgrade() -> None:
    pass
