"""An index on a partitioned table is built on all its partitions, while writers wait."""
# expect: index-not-concurrent

from alembic import op

revision = "73fa244c2ef2"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_measurements_value", "measurements", ["value"])


def downgrade() -> None:
    op.drop_index("ix_measurements_value")
