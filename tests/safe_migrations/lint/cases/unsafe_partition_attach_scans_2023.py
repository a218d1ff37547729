"""Attach a table without a CHECK for its range: all its rows are read under ACCESS EXCLUSIVE."""
# expect: partition-attach-scans

from alembic import op

revision = "e2626595809d"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "ALTER TABLE measurements ATTACH PARTITION measurements_2023 "
        "FOR VALUES FROM ('2023-01-01') TO ('2024-01-01')"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE measurements DETACH PARTITION measurements_2023")
