"""timestamp → timestamptz on a column with an index.

The rows stay as they are in UTC, but the index is built anew under ACCESS EXCLUSIVE, as the two
types have operator classes of their own.
"""
# expect: type-change-rewrites

import sqlalchemy as sa
from alembic import op

revision = "9b7f3c2e5d10"
down_revision = "4d1e6a9c0b52"
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
