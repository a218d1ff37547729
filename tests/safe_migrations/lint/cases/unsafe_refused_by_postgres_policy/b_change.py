"""Widen the column: fails."""
# expect: refused-by-postgres

from alembic import op

revision = "47eabed84242"
down_revision = "281a359ce2de"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE users ALTER COLUMN phone TYPE varchar(80)")


def downgrade() -> None:
    pass
