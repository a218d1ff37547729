"""A concurrent index on a partitioned table: upgrade fails, as Postgres refuses it."""
# expect: concurrent-on-partitioned

from alembic import op

revision = "d7cb65026321"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.create_index(
            "ix_measurements_value", "measurements", ["value"], postgresql_concurrently=True
        )


def downgrade() -> None:
    op.drop_index("ix_measurements_value", "measurements")
