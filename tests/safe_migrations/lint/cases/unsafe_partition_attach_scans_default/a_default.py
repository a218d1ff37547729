"""A partitioned table with a default partition."""

from alembic import op

revision = "840574f6c683"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE TABLE visits (kind text NOT NULL) PARTITION BY LIST (kind)")
    op.execute("CREATE TABLE visits_other PARTITION OF visits DEFAULT")


def downgrade() -> None:
    op.drop_table("visits")
