"""Widen a column with a partial index: Postgres builds that index anew under the lock."""
# expect: type-change-rewrites

import sqlalchemy as sa
from alembic import op

revision = "83573330343b"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column("users", "email", type_=sa.String(300), existing_type=sa.String(255))


def downgrade() -> None:
    op.alter_column("users", "email", type_=sa.String(255), existing_type=sa.String(300))
