"""A CHECK that holds for new rows only."""
# expect: none

from alembic import op

revision = "a1acdef0cf40"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_check_constraint(
        op.f("ck_bookings_price"), "bookings", "price >= 0", postgresql_not_valid=True
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_bookings_price"), "bookings", type_="check")
