"""Switch the timeout of locks off by a function."""
# expect: lock-timeout-off

import sqlalchemy as sa
from alembic import op

revision = "8fb024834ce7"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SELECT set_config('lock_timeout', '0', false)")
    op.add_column("users", sa.Column("points", sa.Integer()))


def downgrade() -> None:
    op.drop_column("users", "points")
