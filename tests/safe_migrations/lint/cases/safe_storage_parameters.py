"""Parameters for storage and statistics, and a plain VACUUM: readers and writers go on."""
# expect: none

from alembic import op

revision = "1cc06c5c2165"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE trips SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05)")
    op.execute("ALTER TABLE trips ALTER COLUMN user_id SET STATISTICS 500")
    with op.get_context().autocommit_block():
        op.execute("VACUUM (ANALYZE) trips")


def downgrade() -> None:
    op.execute("ALTER TABLE trips ALTER COLUMN user_id SET STATISTICS DEFAULT")
    op.execute("ALTER TABLE trips RESET (fillfactor, autovacuum_vacuum_scale_factor)")
