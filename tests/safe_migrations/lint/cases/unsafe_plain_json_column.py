"""A json column, which has neither equality nor useful indexes."""
# expect: plain-json

import sqlalchemy as sa
from alembic import op

revision = "7753e1548908"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("bookings", sa.Column("extras", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("bookings", "extras")
