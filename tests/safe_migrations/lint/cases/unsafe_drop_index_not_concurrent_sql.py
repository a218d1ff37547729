"""Drop an index in SQL, which does not say on which table it is."""
# expect: drop-index-not-concurrent

from alembic import op

revision = "093e3a7b6da8"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DROP INDEX IF EXISTS ix_users_paying")


def downgrade() -> None:
    pass
