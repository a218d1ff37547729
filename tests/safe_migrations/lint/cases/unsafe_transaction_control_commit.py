"""COMMIT, so that the rest runs outside the transaction: upgrade fails, as it is refused."""
# expect: transaction-control

from alembic import op

revision = "0381ba85375b"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("COMMIT")
    op.execute("CREATE INDEX CONCURRENTLY ix_users_phone ON users (phone)")


def downgrade() -> None:
    op.drop_index("ix_users_phone", "users")
