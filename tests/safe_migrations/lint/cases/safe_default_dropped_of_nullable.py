"""Drop the default of a column that may be NULL, and of one that never had one."""
# expect: none

import sqlalchemy as sa
from alembic import op

revision = "7f7979a7d43b"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column("events", "created_at", server_default=None)
    op.alter_column("events", "name", server_default=None)


def downgrade() -> None:
    op.alter_column("events", "created_at", server_default=sa.text("now()"))
