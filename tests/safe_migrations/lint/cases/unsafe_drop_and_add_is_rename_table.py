"""Make a table with the columns of one that goes."""
# expect: drop-table, drop-and-add-is-rename

import sqlalchemy as sa
from alembic import op

revision = "86ae095f30b9"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "money",
        sa.Column("code", sa.String(3), primary_key=True),
        sa.Column("name", sa.String(80), nullable=False),
    )
    op.drop_table("currencies")


def downgrade() -> None:
    op.create_table(
        "currencies",
        sa.Column("code", sa.String(3), primary_key=True),
        sa.Column("name", sa.String(80), nullable=False),
    )
    op.drop_table("money")
