"""varchar(20) → varchar(50), on a column with an index: only the catalog changes."""
# expect: none

import sqlalchemy as sa
from alembic import op

revision = "c19ae8a761cf"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column(
        "users",
        "nickname",
        existing_type=sa.VARCHAR(length=20),
        type_=sa.String(length=50),
        existing_nullable=True,
    )


def downgrade() -> None:
    op.alter_column(
        "users", "nickname", existing_type=sa.String(length=50), type_=sa.VARCHAR(length=20)
    )
