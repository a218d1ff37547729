"""A new enum value and nothing else."""
# expect: none

from alembic import op

revision = "ad8c0200bb4c"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TYPE trip_status ADD VALUE IF NOT EXISTS 'cancelled' AFTER 'done'")


def downgrade() -> None:
    pass
