"""Add a column that may be NULL."""
# expect: none

import sqlalchemy as sa
from alembic import op

revision = "219b60e02da9"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("timezone", sa.String(64), nullable=True))


def downgrade() -> None:
    op.drop_column("users", "timezone")
