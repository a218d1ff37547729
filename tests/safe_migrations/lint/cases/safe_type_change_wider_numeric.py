"""numeric(10,2) → numeric(14,2): the same scale, only the catalog changes."""
# expect: none

import sqlalchemy as sa
from alembic import op

revision = "395294cc00ab"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column("trips", "budget", existing_type=sa.Numeric(10, 2), type_=sa.Numeric(14, 2))


def downgrade() -> None:
    op.alter_column("trips", "budget", existing_type=sa.Numeric(14, 2), type_=sa.Numeric(10, 2))
