"""An EXCLUDE constraint: its index is built under ACCESS EXCLUSIVE, and there is no other way."""
# expect: exclude-builds-index

import sqlalchemy as sa
from alembic import op

revision = "5d2253d75088"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_exclude_constraint(
        "ex_bookings_stay", "bookings", (sa.column("stay"), "&&"), using="gist"
    )


def downgrade() -> None:
    op.drop_constraint("ex_bookings_stay", "bookings")
