"""Empty a table, and those that refer to it."""
# expect: truncate

from alembic import op

revision = "37d5d4bcb638"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("TRUNCATE TABLE trips CASCADE")


def downgrade() -> None:
    pass
