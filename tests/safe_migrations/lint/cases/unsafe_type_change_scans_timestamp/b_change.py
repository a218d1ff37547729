"""Make it a timestamp, which is only another label in UTC: the CHECK is verified anew."""
# expect: type-change-scans

from alembic import op

revision = "7ae07c628d4b"
down_revision = "11b2a376b0b0"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE events ALTER COLUMN created_at TYPE timestamp")


def downgrade() -> None:
    op.execute("ALTER TABLE events ALTER COLUMN created_at TYPE timestamptz")
