"""text → varchar(500): every row is cut and written anew."""
# expect: type-change-rewrites

import sqlalchemy as sa
from alembic import op

revision = "23504d796324"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column(
        "users", "bio", existing_type=sa.Text(), type_=sa.String(length=500), existing_nullable=True
    )


def downgrade() -> None:
    op.alter_column("users", "bio", existing_type=sa.String(length=500), type_=sa.Text())
