"""Three columns for one table."""
# expect: none

import sqlalchemy as sa
from alembic import op

revision = "3e9106ca2328"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("deleted_at", "archived_at", "exported_at"):
        op.add_column("trips", sa.Column(name, sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    for name in ("exported_at", "archived_at", "deleted_at"):
        op.drop_column("trips", name)
