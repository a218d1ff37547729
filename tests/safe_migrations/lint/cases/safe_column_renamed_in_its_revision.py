"""Rename a column that the same revision added, and drop another one."""
# expect: none

import sqlalchemy as sa
from alembic import op

revision = "4d52efeffba0"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("new_region", sa.String()))
    op.alter_column("users", "new_region", new_column_name="region")
    op.add_column("users", sa.Column("scratch", sa.String()))
    op.drop_column("users", "scratch")


def downgrade() -> None:
    op.drop_column("users", "region")
