"""Drop a text column and add a boolean, which is no rename."""
# expect: drop-column

import sqlalchemy as sa
from alembic import op

revision = "34990249f52f"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "users", sa.Column("is_verified", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.drop_column("users", "bio")


def downgrade() -> None:
    op.add_column("users", sa.Column("bio", sa.Text(), nullable=True))
    op.drop_column("users", "is_verified")
