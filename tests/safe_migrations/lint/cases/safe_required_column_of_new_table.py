"""Require a column of a table that the same revision made."""
# expect: none

from alembic import op

revision = "b32f6f429290"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE TABLE hotels (id int PRIMARY KEY, name text DEFAULT 'x')")
    op.execute("ALTER TABLE hotels ALTER COLUMN name SET NOT NULL")
    op.execute("ALTER TABLE hotels ALTER COLUMN name DROP DEFAULT")


def downgrade() -> None:
    op.drop_table("hotels")
