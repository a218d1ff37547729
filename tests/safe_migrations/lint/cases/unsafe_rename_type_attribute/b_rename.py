"""Rename an attribute of it."""
# expect: rename-type

from alembic import op

revision = "87a1d5a59675"
down_revision = "dd36c6a3550b"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TYPE address RENAME ATTRIBUTE town TO city")


def downgrade() -> None:
    op.execute("ALTER TYPE address RENAME ATTRIBUTE city TO town")
