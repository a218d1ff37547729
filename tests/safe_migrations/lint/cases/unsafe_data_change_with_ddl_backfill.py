"""Add a column and fill it in the same transaction: the lock is held while all rows change."""
# expect: data-change-with-ddl

import sqlalchemy as sa
from alembic import op

revision = "947ffaa4a3ee"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("full_name", sa.Text(), nullable=True))
    users = sa.table("users", sa.column("full_name", sa.Text()), sa.column("username", sa.String()))
    op.execute(users.update().values(full_name=users.c.username))


def downgrade() -> None:
    op.drop_column("users", "full_name")
