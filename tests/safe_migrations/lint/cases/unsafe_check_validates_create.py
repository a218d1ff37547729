"""A CHECK that reads all rows under ACCESS EXCLUSIVE."""
# expect: check-validates

from alembic import op

revision = "88e75926220e"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_check_constraint(op.f("ck_bookings_price"), "bookings", "price >= 0")


def downgrade() -> None:
    op.drop_constraint(op.f("ck_bookings_price"), "bookings", type_="check")
