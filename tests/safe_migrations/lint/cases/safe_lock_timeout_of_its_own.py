"""Choose another short timeout of locks, and none for the statement."""
# expect: none

import sqlalchemy as sa
from alembic import op

revision = "404bde2c74e3"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '500ms'")
    op.execute("SELECT set_config('lock_timeout', '5s', true)")
    op.execute("SET LOCAL statement_timeout = 0")
    op.add_column("users", sa.Column("points", sa.Integer()))


def downgrade() -> None:
    op.drop_column("users", "points")
