"""Add a virtual generated column (Postgres 18): nothing is stored."""
# expect: none

import sqlalchemy as sa
from alembic import op

revision = "8809a0d3d62c"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "bookings",
        sa.Column(
            "price_cents", sa.BigInteger(), sa.Computed("(price * 100)::bigint", persisted=False)
        ),
    )


def downgrade() -> None:
    op.drop_column("bookings", "price_cents")
