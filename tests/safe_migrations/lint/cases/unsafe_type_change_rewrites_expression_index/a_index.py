"""Build an index on an expression, concurrently."""

from alembic import op

revision = "e8ff88a608ab"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("CREATE INDEX CONCURRENTLY ix_users_phone_lower ON users (lower(phone))")


def downgrade() -> None:
    op.drop_index("ix_users_phone_lower")
