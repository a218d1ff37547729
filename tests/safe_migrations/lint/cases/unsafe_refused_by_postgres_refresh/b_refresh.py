"""Refresh it concurrently: fails."""
# expect: refused-by-postgres

from alembic import op

revision = "947dd43fc0d9"
down_revision = "7e8db3fc37bd"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("REFRESH MATERIALIZED VIEW CONCURRENTLY countries")


def downgrade() -> None:
    pass
