"""Rows with JSON and a list, of which nobody needs the SQL."""
# expect: none

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0a932df4016f"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    events = sa.table(
        "events", sa.column("name", sa.Text()), sa.column("payload", postgresql.JSONB())
    )
    op.bulk_insert(events, [{"name": "start", "payload": {"tags": ["a"]}}])


def downgrade() -> None:
    op.execute("DELETE FROM events WHERE name = 'start'")
