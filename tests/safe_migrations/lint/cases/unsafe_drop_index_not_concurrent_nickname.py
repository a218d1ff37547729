"""Drop an index: even readers wait for its lock on the table."""
# expect: drop-index-not-concurrent

from alembic import op

revision = "9916cb5b28dc"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_users_nickname", table_name="users")


def downgrade() -> None:
    op.create_index("ix_users_nickname", "users", ["nickname"])
