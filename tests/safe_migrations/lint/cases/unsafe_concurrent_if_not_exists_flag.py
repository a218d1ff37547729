"""IF NOT EXISTS on a concurrent index: it keeps an invalid one that a failed build left."""
# expect: concurrent-if-not-exists

from alembic import op

revision = "69e65765c854"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.create_index(
            "ix_bookings_trip_id",
            "bookings",
            ["trip_id"],
            postgresql_concurrently=True,
            if_not_exists=True,
        )


def downgrade() -> None:
    pass
