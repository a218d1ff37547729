"""Drop it concurrently: fails."""
# expect: refused-by-postgres

from alembic import op

revision = "b8882afe16ae"
down_revision = "ed713cb40dec"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY ix_logs_line")


def downgrade() -> None:
    pass
