"""Fill a new column where it is NULL, which it is everywhere."""
# expect: data-change-with-ddl

import sqlalchemy as sa
from alembic import op

revision = "6692282d5ee0"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("events", sa.Column("source", sa.String(10), nullable=True))
    op.execute("UPDATE events SET source = 'web' WHERE source IS NULL")
    op.alter_column("events", "source", server_default="web")


def downgrade() -> None:
    op.drop_column("events", "source")
