"""timestamp → timestamptz(3): in UTC the rows could stay, but for the digits."""
# expect: type-change-rewrites

from alembic import op

revision = "fb5503d1f8e3"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE users ALTER COLUMN last_seen_at TYPE timestamptz(3)")


def downgrade() -> None:
    op.execute("ALTER TABLE users ALTER COLUMN last_seen_at TYPE timestamp")
