"""Rename a column that running code reads."""
# expect: rename-column

from alembic import op

revision = "210a162edf6d"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column("users", "username", new_column_name="handle")


def downgrade() -> None:
    op.alter_column("users", "handle", new_column_name="username")
