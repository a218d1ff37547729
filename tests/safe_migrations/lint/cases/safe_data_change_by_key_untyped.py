"""One row by its key, through a table whose columns say no types."""
# expect: none

import sqlalchemy as sa
from alembic import op

revision = "7324575ef7b3"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    currencies = sa.table("currencies", sa.column("code"), sa.column("name"))
    op.bulk_insert(currencies, [{"code": "KRW", "name": "Won"}])
    op.execute(
        currencies.update().where(currencies.c.code == "KRW").values(name="South Korean won")
    )


def downgrade() -> None:
    op.execute("DELETE FROM currencies WHERE code = 'KRW'")
