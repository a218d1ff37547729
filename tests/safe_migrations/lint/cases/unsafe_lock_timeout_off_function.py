"""Let a function run without a timeout of locks."""
# expect: lock-timeout-off

from alembic import op

revision = "2ea17c5bd412"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE FUNCTION slow() RETURNS int LANGUAGE sql SET lock_timeout = 0 AS 'SELECT 1'")


def downgrade() -> None:
    op.execute("DROP FUNCTION slow()")
