"""A json column of a new table."""
# expect: plain-json

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "c760ee6ad391"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "exports",
        sa.Column("id", sa.Integer(), sa.Identity(), nullable=False),
        sa.Column("document", postgresql.JSON(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def downgrade() -> None:
    op.drop_table("exports")
