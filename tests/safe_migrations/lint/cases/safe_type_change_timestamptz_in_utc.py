"""timestamp → timestamptz without USING, on a column without an index.

The session's time zone is UTC, in a run and in --sql: since Postgres 12 only the catalog changes.
"""
# expect: none

import sqlalchemy as sa
from alembic import op

revision = "7332719c0454"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column(
        "users",
        "last_seen_at",
        existing_type=sa.DateTime(),
        type_=sa.DateTime(timezone=True),
        existing_nullable=True,
    )


def downgrade() -> None:
    op.alter_column(
        "users", "last_seen_at", existing_type=sa.DateTime(timezone=True), type_=sa.DateTime()
    )
