"""A type goes, and the columns of that type with it."""
# expect: drop-column

from alembic import op

revision = "fae5adbe4d4b"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DROP TYPE trip_status CASCADE")


def downgrade() -> None:
    pass
