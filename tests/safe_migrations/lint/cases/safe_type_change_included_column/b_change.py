"""Widen the column: neither index is built again."""
# expect: none

from alembic import op

revision = "dd6a3f42f6b3"
down_revision = "257fbe07d630"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE users ALTER COLUMN nickname TYPE varchar(30)")


def downgrade() -> None:
    op.execute("ALTER TABLE users ALTER COLUMN nickname TYPE varchar(20)")
