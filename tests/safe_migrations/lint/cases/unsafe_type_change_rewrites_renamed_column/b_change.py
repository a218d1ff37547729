"""Widen the column, by its new name: the index is built anew under the lock."""
# expect: type-change-rewrites

from alembic import op

revision = "a2aaf2043f8b"
down_revision = "97637c44f2e7"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE users ALTER COLUMN mobile TYPE varchar(80)")


def downgrade() -> None:
    op.execute("ALTER TABLE users ALTER COLUMN mobile TYPE varchar(40)")
