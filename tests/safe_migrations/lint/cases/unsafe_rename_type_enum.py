"""Rename an enum: casts of older code fail."""
# expect: rename-type

from alembic import op

revision = "e05f692b1ca3"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TYPE trip_status RENAME TO trip_state")


def downgrade() -> None:
    op.execute("ALTER TYPE trip_state RENAME TO trip_status")
