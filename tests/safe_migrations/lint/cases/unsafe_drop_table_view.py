"""A materialized view goes that running code reads."""
# expect: drop-table

from alembic import op

revision = "83a666656e31"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DROP MATERIALIZED VIEW popular_cities")


def downgrade() -> None:
    op.execute(
        "CREATE MATERIALIZED VIEW popular_cities AS "
        "SELECT city, count(*) AS visitors FROM users WHERE city IS NOT NULL GROUP BY city"
    )
