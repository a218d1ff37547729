"""Say that older code can't go on, which it can."""
# expect: breaks-nothing

import sqlalchemy as sa
from alembic import op

revision = "05da0df37875"
down_revision = "start"
branch_labels = None
depends_on = None

BREAKS_RELEASE_BEFORE = True


def upgrade() -> None:
    op.add_column("users", sa.Column("points", sa.Integer()))


def downgrade() -> None:
    op.drop_column("users", "points")
