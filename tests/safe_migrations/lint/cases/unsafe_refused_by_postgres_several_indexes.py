"""Drop two indexes with one concurrent statement: fails."""
# expect: refused-by-postgres

from alembic import op

revision = "cb8a3ebaa047"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY ix_users_nickname, ix_trips_user_id")


def downgrade() -> None:
    pass
