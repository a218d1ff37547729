"""A materialized view that running code reads gets another name."""
# expect: rename-table

from alembic import op

revision = "de9d20c22114"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER MATERIALIZED VIEW popular_cities RENAME TO favourite_cities")


def downgrade() -> None:
    op.execute("ALTER MATERIALIZED VIEW favourite_cities RENAME TO popular_cities")
