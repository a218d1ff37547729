"""timestamp → timestamptz with USING: every row is written anew, although the zone is UTC."""
# expect: type-change-rewrites

import sqlalchemy as sa
from alembic import op

revision = "36c57aa309f4"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column(
        "users",
        "created_at",
        existing_type=sa.DateTime(),
        type_=sa.DateTime(timezone=True),
        existing_nullable=False,
        postgresql_using="created_at AT TIME ZONE 'UTC'",
    )


def downgrade() -> None:
    op.alter_column("users", "created_at", type_=sa.DateTime(), existing_nullable=False)
