"""Add a column and a CHECK that it is not NULL, which holds for new rows at once."""
# expect: required-without-default

import sqlalchemy as sa
from alembic import op

revision = "d0770983a06a"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("tier", sa.Text()))
    op.execute("ALTER TABLE users ADD CHECK (tier IS NOT NULL) NOT VALID")


def downgrade() -> None:
    op.drop_column("users", "tier")
