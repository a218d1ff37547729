"""Set the default of a NOT NULL column to NULL."""
# expect: required-without-default

from alembic import op

revision = "d0ae296bb30c"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE users ALTER COLUMN login_count SET DEFAULT NULL")


def downgrade() -> None:
    op.execute("ALTER TABLE users ALTER COLUMN login_count SET DEFAULT 0")
