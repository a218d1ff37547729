"""Rebuild an index concurrently."""
# expect: none

from alembic import op

revision = "0905f3d01a63"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("REINDEX INDEX CONCURRENTLY ix_users_nickname")


def downgrade() -> None:
    pass
