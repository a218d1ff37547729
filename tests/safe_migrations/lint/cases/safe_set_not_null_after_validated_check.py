"""SET NOT NULL where a validated CHECK proves it (since Postgres 12)."""
# expect: none

import sqlalchemy as sa
from alembic import op

revision = "c010b02a3667"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column("users", "country", existing_type=sa.String(2), nullable=False)


def downgrade() -> None:
    op.alter_column("users", "country", existing_type=sa.String(2), nullable=True)
