"""Set NOT NULL, which the CHECK proves, and drop the CHECK."""
# expect: none

import sqlalchemy as sa
from alembic import op

revision = "955f62e22650"
down_revision = "52351d3963db"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column("bookings", "room", existing_type=sa.String(20), nullable=False)
    op.drop_constraint(op.f("ck_bookings_room_present"), "bookings", type_="check")


def downgrade() -> None:
    op.create_check_constraint(op.f("ck_bookings_room_present"), "bookings", "room IS NOT NULL")
    op.alter_column("bookings", "room", existing_type=sa.String(20), nullable=True)
