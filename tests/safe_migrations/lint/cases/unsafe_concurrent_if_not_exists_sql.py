"""IF NOT EXISTS on a concurrent index, in SQL."""
# expect: concurrent-if-not-exists

from alembic import op

revision = "35b0318ed474"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("create unique index concurrently if not exists ux_events on events (id, name)")


def downgrade() -> None:
    pass
