"""An index on a partitioned table, piece by piece: no build takes a lock that matters.

On the parent ON ONLY builds nothing; each partition gets its index concurrently.
"""
# expect: none

from alembic import op

revision = "3942264b98c2"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE INDEX ix_measurements_value ON ONLY measurements (value)")
    with op.get_context().autocommit_block():
        op.execute(
            "CREATE INDEX CONCURRENTLY ix_measurements_2025_value ON measurements_2025 (value)"
        )
    op.execute("ALTER INDEX ix_measurements_value ATTACH PARTITION ix_measurements_2025_value")


def downgrade() -> None:
    op.execute("DROP INDEX ix_measurements_value")
