"""varchar(20) → varchar(10), where the statement does not tell what it was."""
# expect: type-change-rewrites

from alembic import op

revision = "f8bda432a4cd"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE users ALTER COLUMN nickname TYPE varchar(10)")


def downgrade() -> None:
    op.execute("ALTER TABLE users ALTER COLUMN nickname TYPE varchar(20)")
