"""Change a column that is only in the condition of an index: it is built anew under the lock."""
# expect: type-change-rewrites

from alembic import op

revision = "e372d601edf2"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE users ALTER COLUMN plan TYPE varchar")


def downgrade() -> None:
    op.execute("ALTER TABLE users ALTER COLUMN plan TYPE text")
