"""Widen the column: fails."""
# expect: refused-by-postgres

from alembic import op

revision = "d85013f6cd4e"
down_revision = "d7b94b472a7b"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE users ALTER COLUMN phone TYPE varchar(80)")


def downgrade() -> None:
    pass
