"""Build a unique index on an expression, concurrently."""

from alembic import op

revision = "91aa72545954"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("CREATE UNIQUE INDEX CONCURRENTLY ux_users_phone ON users (lower(phone))")


def downgrade() -> None:
    op.drop_index("ux_users_phone")
