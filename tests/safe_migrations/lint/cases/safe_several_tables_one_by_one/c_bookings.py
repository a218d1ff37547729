"""A column for bookings, in a transaction of its own."""
# expect: none

import sqlalchemy as sa
from alembic import op

revision = "265f94f43347"
down_revision = "9b1a4b85628b"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("bookings", sa.Column("deleted_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.drop_column("bookings", "deleted_at")
