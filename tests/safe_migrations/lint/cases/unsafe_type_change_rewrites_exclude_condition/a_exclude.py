"""Put an exclusion constraint with a condition on a table."""

from alembic import op

revision = "3256342d39fc"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "ALTER TABLE bookings ADD CONSTRAINT ex_bookings EXCLUDE (id WITH =) WHERE (room <> '')"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE bookings DROP CONSTRAINT ex_bookings")
