"""An index built concurrently, outside the transaction."""
# expect: none

from alembic import op

revision = "1921b39221ab"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.create_index(
            "ix_bookings_trip_id", "bookings", ["trip_id"], postgresql_concurrently=True
        )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index("ix_bookings_trip_id", "bookings", postgresql_concurrently=True)
