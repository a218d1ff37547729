"""A column for users."""
# expect: none

import sqlalchemy as sa
from alembic import op

revision = "77bfedc028e0"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("deleted_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.drop_column("users", "deleted_at")
