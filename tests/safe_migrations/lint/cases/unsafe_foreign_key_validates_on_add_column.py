"""A foreign key that rides on add_column.

Alembic writes it as a statement of its own, which reads all rows although all are NULL.
"""
# expect: foreign-key-validates

import sqlalchemy as sa
from alembic import op

revision = "d5a59e10e440"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "events",
        sa.Column("trip_id", sa.BigInteger(), sa.ForeignKey("trips.id", name="fk_events_trip_id")),
    )


def downgrade() -> None:
    op.drop_column("events", "trip_id")
