"""Say that older code can't go on, which spares it no lock."""
# expect: set-not-null-scans

from alembic import op

revision = "728f42e91ed2"
down_revision = "start"
branch_labels = None
depends_on = None

BREAKS_RELEASE_BEFORE = True


def upgrade() -> None:
    op.alter_column("bookings", "user_id", nullable=False)


def downgrade() -> None:
    op.alter_column("bookings", "user_id", nullable=True)
