"""NOT VALID and VALIDATE in one transaction: the lock of the first is held through the second."""
# expect: validate-in-same-transaction

from alembic import op

revision = "45cf857b305e"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_foreign_key(
        "fk_bookings_trip_id", "bookings", "trips", ["trip_id"], ["id"], postgresql_not_valid=True
    )
    op.execute("ALTER TABLE bookings VALIDATE CONSTRAINT fk_bookings_trip_id")


def downgrade() -> None:
    op.drop_constraint("fk_bookings_trip_id", "bookings", type_="foreignkey")
