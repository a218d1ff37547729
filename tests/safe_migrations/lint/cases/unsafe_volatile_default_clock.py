"""Add a column with clock_timestamp(), which is volatile where now() is not."""
# expect: volatile-default

import sqlalchemy as sa
from alembic import op

revision = "719fa208f03f"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "trips",
        sa.Column("seen_at", sa.DateTime(timezone=True), server_default=sa.func.clock_timestamp()),
    )


def downgrade() -> None:
    op.drop_column("trips", "seen_at")
