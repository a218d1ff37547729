"""Drop a table that a foreign key of another leads to: fails."""
# expect: refused-by-postgres

from alembic import op

revision = "fdbac8e4aba2"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # lint: allow(drop-table) nothing reads it
    op.drop_table("users")


def downgrade() -> None:
    pass
