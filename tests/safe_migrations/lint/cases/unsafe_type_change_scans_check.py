"""Widen a column with a CHECK: the rows stay as they are, and all of them are read."""
# expect: type-change-scans

import sqlalchemy as sa
from alembic import op

revision = "93e48e5df4d0"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column("users", "country", type_=sa.String(3), existing_type=sa.String(2))


def downgrade() -> None:
    op.alter_column("users", "country", type_=sa.String(2), existing_type=sa.String(3))
