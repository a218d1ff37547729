"""Add a NOT NULL column with a default, and drop that at once: INSERTs of older code fail."""
# expect: required-without-default

import sqlalchemy as sa
from alembic import op

revision = "91738f6f6298"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("tier", sa.Text(), server_default="x", nullable=False))
    op.alter_column("users", "tier", server_default=None)


def downgrade() -> None:
    op.drop_column("users", "tier")
