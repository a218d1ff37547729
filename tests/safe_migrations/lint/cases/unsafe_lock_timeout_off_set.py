"""Switch the timeout of locks off."""
# expect: lock-timeout-off

import sqlalchemy as sa
from alembic import op

revision = "13ddd953cfff"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET lock_timeout = 0")
    op.add_column("users", sa.Column("points", sa.Integer()))


def downgrade() -> None:
    op.drop_column("users", "points")
