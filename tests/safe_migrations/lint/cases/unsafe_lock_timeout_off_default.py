"""Go back to Postgres's own timeout of locks, which is none."""
# expect: lock-timeout-off

import sqlalchemy as sa
from alembic import op

revision = "5950829a61da"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET lock_timeout TO DEFAULT")
    op.add_column("users", sa.Column("points", sa.Integer()))


def downgrade() -> None:
    op.drop_column("users", "points")
