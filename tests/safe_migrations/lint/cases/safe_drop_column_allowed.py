"""Drop a column, with the reason why that is fine."""
# expect: none

import sqlalchemy as sa
from alembic import op

revision = "e636a6bd97a2"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column("trips", "notes")  # lint: allow(drop-column) nothing reads it since release 41


def downgrade() -> None:
    op.add_column("trips", sa.Column("notes", sa.Text(), nullable=True))
