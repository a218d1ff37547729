"""Rows are copied while no lock is held: nobody waits for it."""
# expect: none

import sqlalchemy as sa
from alembic import op

revision = "0c9fcd2e74b3"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE TABLE countries AS SELECT DISTINCT country FROM users")
    op.add_column("users", sa.Column("country_id", sa.Integer()))


def downgrade() -> None:
    op.drop_column("users", "country_id")
    op.execute("DROP TABLE countries")
