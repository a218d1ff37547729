"""Widen a column that the view shows: fails."""
# expect: refused-by-postgres

from alembic import op

revision = "e7716f278aa6"
down_revision = "cd7fae780ab4"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE users ALTER COLUMN phone TYPE varchar(80)")


def downgrade() -> None:
    pass
