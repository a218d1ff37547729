"""Switch the timeout of locks off in a block."""
# expect: lock-timeout-off

from alembic import op

revision = "cb61e08f3b1d"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DO $$ BEGIN SET lock_timeout = 0; ALTER TABLE users ADD COLUMN points int; END $$")


def downgrade() -> None:
    op.drop_column("users", "points")
