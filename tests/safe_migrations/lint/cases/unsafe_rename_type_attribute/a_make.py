"""Make a composite type."""

from alembic import op

revision = "dd36c6a3550b"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE TYPE address AS (street text, town text)")


def downgrade() -> None:
    op.execute("DROP TYPE address")
