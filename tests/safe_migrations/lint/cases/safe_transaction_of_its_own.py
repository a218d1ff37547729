"""A transaction within an autocommit block, which leaves the revision's own alone."""
# expect: none

from alembic import op

revision = "eba8b50b852c"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("BEGIN; ALTER TABLE users ADD COLUMN age int; COMMIT")


def downgrade() -> None:
    op.drop_column("users", "age")
