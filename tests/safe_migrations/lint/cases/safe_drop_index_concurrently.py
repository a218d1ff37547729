"""Drop an index concurrently, outside the transaction."""
# expect: none

from alembic import op

revision = "cb237d016249"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index(
            "ix_users_nickname", table_name="users", postgresql_concurrently=True, if_exists=True
        )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.create_index("ix_users_nickname", "users", ["nickname"], postgresql_concurrently=True)
