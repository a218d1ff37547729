"""Rename a value of an enum, which running code still writes."""
# expect: enum-value-renamed

from alembic import op

revision = "14bc49636bd2"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TYPE trip_status RENAME VALUE 'done' TO 'completed'")


def downgrade() -> None:
    op.execute("ALTER TYPE trip_status RENAME VALUE 'completed' TO 'done'")
