"""A new partition: the default one is read, lest it holds some of its rows."""
# expect: partition-attach-scans

from alembic import op

revision = "9646e5f749a5"
down_revision = "840574f6c683"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE TABLE visits_web PARTITION OF visits FOR VALUES IN ('web')")


def downgrade() -> None:
    op.drop_table("visits_web")
