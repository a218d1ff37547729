"""Drop a table, with the reason why that is fine, on the line before."""
# expect: none

from alembic import op

revision = "160ee10836ad"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # lint: allow(drop-table) the import of 2025 is done, and no code names it
    op.drop_table("imported_rows")


def downgrade() -> None:
    op.execute("CREATE UNLOGGED TABLE imported_rows (line text NOT NULL)")
