"""Add a NOT NULL column without a default: fails as soon as the table has a row."""
# expect: not-null-without-default

import sqlalchemy as sa
from alembic import op

revision = "7b7ae57bdb59"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("timezone", sa.String(64), nullable=False))


def downgrade() -> None:
    op.drop_column("users", "timezone")
