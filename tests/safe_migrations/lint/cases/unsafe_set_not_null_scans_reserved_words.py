"""SET NOT NULL where table and column have names that SQL keeps for itself."""
# expect: set-not-null-scans

import sqlalchemy as sa
from alembic import op

revision = "31b4970cff26"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column("order", "group", existing_type=sa.String(20), nullable=False)


def downgrade() -> None:
    op.alter_column("order", "group", existing_type=sa.String(20), nullable=True)
