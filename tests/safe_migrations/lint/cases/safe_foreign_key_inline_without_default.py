"""A column with REFERENCES and no default: Postgres knows that all are NULL and reads nothing."""
# expect: none

from alembic import op

revision = "1af960592a7b"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE events ADD COLUMN trip_id bigint REFERENCES trips (id)")


def downgrade() -> None:
    op.drop_column("events", "trip_id")
