"""Indexes built in a loop over tables, with names that only running the code can tell."""
# expect: index-not-concurrent

from alembic import op

revision = "cfc5a207be80"
down_revision = "start"
branch_labels = None
depends_on = None

COLUMNS = {"bookings": "trip_id"}


def upgrade() -> None:
    for table, column in COLUMNS.items():
        op.create_index(f"ix_{table}_{column}", table, [column])


def downgrade() -> None:
    for table, column in COLUMNS.items():
        op.drop_index(f"ix_{table}_{column}", table)
