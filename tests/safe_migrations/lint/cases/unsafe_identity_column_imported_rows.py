"""Add an identity column to a table with rows: every row is written anew."""
# expect: identity-column

import sqlalchemy as sa
from alembic import op

revision = "ee6f4d506ff3"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "imported_rows",
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
    )


def downgrade() -> None:
    op.drop_column("imported_rows", "number")
