"""An index dropped concurrently inside the transaction: Postgres refuses, so that upgrade fails."""
# expect: concurrent-in-transaction

from alembic import op

revision = "637a4f2c05f4"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DROP INDEX CONCURRENTLY ix_users_nickname")


def downgrade() -> None:
    pass
