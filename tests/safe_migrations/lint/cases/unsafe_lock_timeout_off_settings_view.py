"""Switch the timeout of locks off by way of the view that shows it."""
# expect: lock-timeout-off

import sqlalchemy as sa
from alembic import op

revision = "36b89f327a9e"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE pg_settings SET setting = '0' WHERE name = 'lock_timeout'")
    op.add_column("users", sa.Column("points", sa.Integer()))


def downgrade() -> None:
    op.drop_column("users", "points")
