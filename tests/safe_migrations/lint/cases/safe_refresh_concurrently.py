"""Refresh a materialized view while its readers go on."""
# expect: none

from alembic import op

revision = "5829726689c3"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("REFRESH MATERIALIZED VIEW CONCURRENTLY popular_cities")


def downgrade() -> None:
    pass
