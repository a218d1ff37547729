"""Rename a column in a batch."""
# expect: rename-column

from alembic import op

revision = "1259f974472a"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("trips") as batch:
        batch.alter_column("notes", new_column_name="remarks")


def downgrade() -> None:
    with op.batch_alter_table("trips") as batch:
        batch.alter_column("remarks", new_column_name="notes")
