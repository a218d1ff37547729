"""A unique index with options that a plain one lacks."""
# expect: index-not-concurrent

from alembic import op

revision = "0cb7f1b4f844"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ux_bookings_room",
        "bookings",
        ["room", "id"],
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_with={"fillfactor": 70},
    )


def downgrade() -> None:
    op.drop_index("ux_bookings_room", "bookings")
