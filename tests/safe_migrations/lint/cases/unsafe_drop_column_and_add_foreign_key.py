"""Drop a column, and add a key to another table of the same type: no rename."""
# expect: drop-column

import sqlalchemy as sa
from alembic import op

revision = "5dfceb09251d"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE bookings ADD COLUMN customer_id integer REFERENCES users")
    op.drop_column("bookings", "user_id")


def downgrade() -> None:
    op.drop_column("bookings", "customer_id")
    op.add_column("bookings", sa.Column("user_id", sa.Integer()))
