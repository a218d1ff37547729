"""A foreign key that reads all rows while writers to both tables wait."""
# expect: foreign-key-validates

from alembic import op

revision = "d4ed9dda2e77"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_foreign_key(
        "fk_bookings_trip_id", "bookings", "trips", ["trip_id"], ["id"], ondelete="CASCADE"
    )


def downgrade() -> None:
    op.drop_constraint("fk_bookings_trip_id", "bookings", type_="foreignkey")
