"""Add a column, and then a volatile default that holds for new rows only."""
# expect: none

import sqlalchemy as sa
from alembic import op

revision = "857f54484315"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("bookings", sa.Column("token", sa.Uuid(), nullable=True))
    op.alter_column("bookings", "token", server_default=sa.text("gen_random_uuid()"))


def downgrade() -> None:
    op.drop_column("bookings", "token")
