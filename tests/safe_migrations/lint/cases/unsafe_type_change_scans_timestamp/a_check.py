"""Add a CHECK on a timestamptz."""

from alembic import op

revision = "11b2a376b0b0"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "ALTER TABLE events ADD CONSTRAINT ck_events_created CHECK (created_at > '2000-01-01')"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE events DROP CONSTRAINT ck_events_created")
