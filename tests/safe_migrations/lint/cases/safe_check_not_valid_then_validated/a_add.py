"""Add a CHECK that holds for new rows only."""
# expect: none

import sqlalchemy as sa
from alembic import op

revision = "41d99ef1feef"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_check_constraint(
        op.f("ck_trips_dates"), "trips", sa.text("ends_on >= starts_on"), postgresql_not_valid=True
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_trips_dates"), "trips", type_="check")
