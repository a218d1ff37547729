"""Add a NOT NULL column with a constant default, which Postgres keeps in the catalog (since 11)."""
# expect: none

import sqlalchemy as sa
from alembic import op

revision = "e8b0a8cc815e"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "users", sa.Column("timezone", sa.String(64), nullable=False, server_default="UTC")
    )


def downgrade() -> None:
    op.drop_column("users", "timezone")
