"""What a revision does only where there is a database is what an upgrade does."""
# expect: index-not-concurrent

from alembic import context, op

revision = "6886d0c088dc"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if not context.is_offline_mode():
        op.create_index("ix_users_phone", "users", ["phone"])


def downgrade() -> None:
    op.drop_index("ix_users_phone", "users")
