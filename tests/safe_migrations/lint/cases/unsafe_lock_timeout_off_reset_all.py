"""Go back to Postgres's own settings, the timeout of locks among them."""
# expect: lock-timeout-off

import sqlalchemy as sa
from alembic import op

revision = "bbdd5223809c"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("RESET ALL")
    op.add_column("users", sa.Column("points", sa.Integer()))


def downgrade() -> None:
    op.drop_column("users", "points")
