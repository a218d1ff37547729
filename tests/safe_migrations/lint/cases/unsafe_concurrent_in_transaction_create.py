"""An index built concurrently inside the transaction: Postgres refuses, so that upgrade fails."""
# expect: concurrent-in-transaction

from alembic import op

revision = "bb73471d2775"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_bookings_trip_id", "bookings", ["trip_id"], postgresql_concurrently=True)


def downgrade() -> None:
    op.drop_index("ix_bookings_trip_id", "bookings", postgresql_concurrently=True)
