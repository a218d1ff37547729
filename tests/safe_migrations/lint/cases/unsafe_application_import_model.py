"""A model of the application in a revision: next year it has other columns."""
# expect: application-import

import sqlalchemy as sa
from alembic import op

from service.models import User

revision = "54aa6c285813"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    currencies = sa.table(
        "currencies", sa.column("code", sa.String()), sa.column("name", sa.Text())
    )
    op.bulk_insert(currencies, [{"code": "KRW", "name": User.__name__}])


def downgrade() -> None:
    op.execute("DELETE FROM currencies WHERE code = 'KRW'")
