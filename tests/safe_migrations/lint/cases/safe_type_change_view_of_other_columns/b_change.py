"""Widen a column that neither of them is about."""
# expect: none

from alembic import op

revision = "696c10a8dbac"
down_revision = "ffb0656d840d"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE users ALTER COLUMN nickname TYPE varchar(30)")


def downgrade() -> None:
    op.execute("ALTER TABLE users ALTER COLUMN nickname TYPE varchar(20)")
