"""Delete without WHERE beside DDL."""
# expect: data-change-with-ddl

import sqlalchemy as sa
from alembic import op

revision = "7666df4a4186"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DELETE FROM audit_log")
    op.add_column("audit_log", sa.Column("actor", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("audit_log", "actor")
