"""Attach a partition of several values, with a CHECK that says so."""
# expect: none

from alembic import op

revision = "7d4c2df1154f"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE logs ATTACH PARTITION logs_bc FOR VALUES IN ('b', 'c')")


def downgrade() -> None:
    op.execute("ALTER TABLE logs DETACH PARTITION logs_bc")
