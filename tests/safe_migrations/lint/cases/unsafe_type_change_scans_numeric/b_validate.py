"""Validate it."""

from alembic import op

revision = "9557aa3d5917"
down_revision = "2dbd1fee78a5"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE trips VALIDATE CONSTRAINT ck_trips_budget")


def downgrade() -> None:
    pass
