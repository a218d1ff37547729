"""Validate it."""
# expect: none

from alembic import op

revision = "52351d3963db"
down_revision = "d12476e99cda"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE bookings VALIDATE CONSTRAINT ck_bookings_room_present")


def downgrade() -> None:
    pass
