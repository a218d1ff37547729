"""Refresh a materialized view while its readers wait."""
# expect: refresh-not-concurrent

from alembic import op

revision = "688deb27df87"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("REFRESH MATERIALIZED VIEW popular_cities")


def downgrade() -> None:
    pass
