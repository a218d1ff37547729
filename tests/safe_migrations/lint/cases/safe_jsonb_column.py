"""A jsonb column with a constant default."""
# expect: none

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "4887d56a4d2d"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "bookings",
        sa.Column(
            "extras", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
    )


def downgrade() -> None:
    op.drop_column("bookings", "extras")
