"""A column for each of three tables: each stays locked until the last one is had."""
# expect: several-tables-locked

import sqlalchemy as sa
from alembic import op

revision = "771cc728c008"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("users", "trips", "bookings"):
        op.add_column(table, sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    for table in ("bookings", "trips", "users"):
        op.drop_column(table, "deleted_at")
