"""A type created unless it is there: the usual block, without SQL put together."""
# expect: none

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2f344f0dadcb"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        DO $$ BEGIN
            CREATE TYPE room_kind AS ENUM ('single', 'double');
        EXCEPTION WHEN duplicate_object THEN NULL;
        END $$
    """)
    op.add_column(
        "bookings", sa.Column("room_kind", postgresql.ENUM(name="room_kind", create_type=False))
    )


def downgrade() -> None:
    op.drop_column("bookings", "room_kind")
    op.execute("DROP TYPE room_kind")
