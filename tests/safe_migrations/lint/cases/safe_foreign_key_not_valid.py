"""A foreign key that holds for new rows only; a later revision validates it."""
# expect: none

from alembic import op

revision = "0fe4769d3aea"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_foreign_key(
        "fk_bookings_trip_id", "bookings", "trips", ["trip_id"], ["id"], postgresql_not_valid=True
    )


def downgrade() -> None:
    op.drop_constraint("fk_bookings_trip_id", "bookings", type_="foreignkey")
