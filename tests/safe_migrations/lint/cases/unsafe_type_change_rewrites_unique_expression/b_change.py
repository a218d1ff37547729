"""Widen its column: what is unique can't be left without its index, even for a while."""
# expect: type-change-rewrites

from alembic import op

revision = "15eaba947465"
down_revision = "91aa72545954"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE users ALTER COLUMN phone TYPE varchar(80)")


def downgrade() -> None:
    op.execute("ALTER TABLE users ALTER COLUMN phone TYPE varchar(40)")
