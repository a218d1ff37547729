"""SET NOT NULL reads all rows under ACCESS EXCLUSIVE."""
# expect: set-not-null-scans

import sqlalchemy as sa
from alembic import op

revision = "a98ae6b9ce3a"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column(
        "trips", "budget", existing_type=sa.NUMERIC(precision=10, scale=2), nullable=False
    )


def downgrade() -> None:
    op.alter_column(
        "trips", "budget", existing_type=sa.NUMERIC(precision=10, scale=2), nullable=True
    )
