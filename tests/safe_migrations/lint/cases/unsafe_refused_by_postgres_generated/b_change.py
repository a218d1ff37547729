"""Widen the column that it is made of: fails."""
# expect: refused-by-postgres

from alembic import op

revision = "28203e70a26d"
down_revision = "4fb66779306d"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE users ALTER COLUMN phone TYPE varchar(80)")


def downgrade() -> None:
    pass
