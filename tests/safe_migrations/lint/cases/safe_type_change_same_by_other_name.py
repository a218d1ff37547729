"""timestamp → timestamp(6), which is the same."""
# expect: none

from alembic import op

revision = "d495083a2734"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE users ALTER COLUMN last_seen_at TYPE timestamp(6)")


def downgrade() -> None:
    pass
