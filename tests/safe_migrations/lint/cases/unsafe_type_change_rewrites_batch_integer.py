"""varchar → integer with USING, in a batch."""
# expect: type-change-rewrites

import sqlalchemy as sa
from alembic import op

revision = "21650cea460d"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("bookings", schema=None) as batch_op:
        batch_op.alter_column(
            "room",
            existing_type=sa.VARCHAR(length=20),
            type_=sa.Integer(),
            postgresql_using="room::integer",
        )


def downgrade() -> None:
    with op.batch_alter_table("bookings", schema=None) as batch_op:
        batch_op.alter_column("room", existing_type=sa.Integer(), type_=sa.VARCHAR(length=20))
