"""Make a materialized view without a unique index."""

from alembic import op

revision = "7e8db3fc37bd"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE MATERIALIZED VIEW countries AS SELECT DISTINCT country FROM users")


def downgrade() -> None:
    op.execute("DROP MATERIALIZED VIEW countries")
