"""Widen a column that the index's expression is about: it is built anew under the lock."""
# expect: type-change-rewrites

from alembic import op

revision = "090b5b9550e3"
down_revision = "e8ff88a608ab"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE users ALTER COLUMN phone TYPE varchar(80)")


def downgrade() -> None:
    op.execute("ALTER TABLE users ALTER COLUMN phone TYPE varchar(40)")
