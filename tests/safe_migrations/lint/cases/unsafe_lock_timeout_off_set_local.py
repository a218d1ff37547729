"""Make the timeout of locks too long."""
# expect: lock-timeout-off

import sqlalchemy as sa
from alembic import op

revision = "481d8e30f22e"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '10min'")
    op.add_column("users", sa.Column("points", sa.Integer()))


def downgrade() -> None:
    op.drop_column("users", "points")
