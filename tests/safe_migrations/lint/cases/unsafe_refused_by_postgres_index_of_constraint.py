"""Drop the index of a constraint, concurrently: fails."""
# expect: refused-by-postgres

from alembic import op

revision = "0eaa8f751e13"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY bookings_pkey")


def downgrade() -> None:
    pass
