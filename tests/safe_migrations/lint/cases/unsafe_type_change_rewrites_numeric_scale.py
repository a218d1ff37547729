"""numeric(10,2) → numeric(12,4): more digits behind the point, every row is written anew."""
# expect: type-change-rewrites

import sqlalchemy as sa
from alembic import op

revision = "d7cc10c56cad"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column("trips", "budget", existing_type=sa.Numeric(10, 2), type_=sa.Numeric(12, 4))


def downgrade() -> None:
    op.alter_column("trips", "budget", existing_type=sa.Numeric(12, 4), type_=sa.Numeric(10, 2))
