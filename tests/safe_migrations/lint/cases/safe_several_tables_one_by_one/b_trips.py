"""A column for trips, in a transaction of its own."""
# expect: none

import sqlalchemy as sa
from alembic import op

revision = "9b1a4b85628b"
down_revision = "77bfedc028e0"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("trips", sa.Column("deleted_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.drop_column("trips", "deleted_at")
