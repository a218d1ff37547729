"""Change a row by its key beside DDL."""
# expect: none

import sqlalchemy as sa
from alembic import op

revision = "d02286f44b2c"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("currencies", sa.Column("symbol", sa.String(4), nullable=True))
    op.execute("UPDATE currencies SET symbol = '€' WHERE code = 'EUR'")


def downgrade() -> None:
    op.drop_column("currencies", "symbol")
