"""A column that brings its index with it."""
# expect: index-not-concurrent

import sqlalchemy as sa
from alembic import op

revision = "5ab05afa6763"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("bookings", sa.Column("note", sa.Text(), index=True))


def downgrade() -> None:
    op.drop_column("bookings", "note")
