"""Add a CHECK that holds for new rows only."""
# expect: none

from alembic import op

revision = "d12476e99cda"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_check_constraint(
        op.f("ck_bookings_room_present"), "bookings", "room IS NOT NULL", postgresql_not_valid=True
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_bookings_room_present"), "bookings", type_="check")
