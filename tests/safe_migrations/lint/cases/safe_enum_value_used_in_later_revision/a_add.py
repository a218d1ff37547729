"""A new enum value."""
# expect: none

from alembic import op

revision = "c8d959c3a383"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TYPE trip_status ADD VALUE 'draft'")


def downgrade() -> None:
    pass
