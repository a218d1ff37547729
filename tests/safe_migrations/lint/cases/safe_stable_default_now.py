"""Add a column with now() as its default: stable, so it is evaluated once."""
# expect: none

import sqlalchemy as sa
from alembic import op

revision = "b1765a58dd8f"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "trips",
        sa.Column(
            "imported_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()
        ),
    )


def downgrade() -> None:
    op.drop_column("trips", "imported_at")
