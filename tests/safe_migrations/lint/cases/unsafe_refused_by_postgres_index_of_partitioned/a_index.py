"""Build an index on all partitions."""

from alembic import op

revision = "ed713cb40dec"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE INDEX ix_logs_line ON logs (line)")


def downgrade() -> None:
    op.drop_index("ix_logs_line")
