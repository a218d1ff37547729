"""int → bigint: every row is written anew."""
# expect: type-change-rewrites

import sqlalchemy as sa
from alembic import op

revision = "62824654183f"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column(
        "events",
        "user_id",
        existing_type=sa.INTEGER(),
        type_=sa.BigInteger(),
        existing_nullable=True,
    )


def downgrade() -> None:
    op.alter_column("events", "user_id", existing_type=sa.BigInteger(), type_=sa.INTEGER())
