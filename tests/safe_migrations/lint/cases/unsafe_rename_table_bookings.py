"""Rename a table that running code reads."""
# expect: rename-table

from alembic import op

revision = "cea3b906971c"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.rename_table("bookings", "reservations")


def downgrade() -> None:
    op.rename_table("reservations", "bookings")
