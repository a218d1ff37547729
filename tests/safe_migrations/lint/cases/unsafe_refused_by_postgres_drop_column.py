"""Drop a column that a materialized view shows: fails."""
# expect: refused-by-postgres

from alembic import op

revision = "b502310dad82"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # lint: allow(drop-column) nothing reads it
    op.drop_column("users", "city")


def downgrade() -> None:
    pass
