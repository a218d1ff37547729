"""Add a stored generated column: every row is written anew."""
# expect: stored-generated-column

import sqlalchemy as sa
from alembic import op

revision = "79f0a557178a"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "bookings",
        sa.Column(
            "price_cents", sa.BigInteger(), sa.Computed("(price * 100)::bigint", persisted=True)
        ),
    )


def downgrade() -> None:
    op.drop_column("bookings", "price_cents")
