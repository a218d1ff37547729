"""Add a CHECK that is not valid."""

from alembic import op

revision = "2ff853e7c28e"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE trips ADD CONSTRAINT ck_trips_budget CHECK (budget > 0) NOT VALID")


def downgrade() -> None:
    op.execute("ALTER TABLE trips DROP CONSTRAINT ck_trips_budget")
