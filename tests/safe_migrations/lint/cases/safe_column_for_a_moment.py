"""A column that comes and goes in one transaction: nobody has seen it."""
# expect: none

import sqlalchemy as sa
from alembic import op

revision = "fd5f58ee4d21"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("step", sa.Integer()))
    op.drop_column("users", "step")


def downgrade() -> None:
    pass
