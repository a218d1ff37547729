"""Add a column whose default differs from row to row: every row is written anew."""
# expect: volatile-default

import sqlalchemy as sa
from alembic import op

revision = "22689117e17f"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "bookings",
        sa.Column("token", sa.Uuid(), nullable=False, server_default=sa.text("gen_random_uuid()")),
    )


def downgrade() -> None:
    op.drop_column("bookings", "token")
