"""varchar(200) → text: only the catalog changes."""
# expect: none

import sqlalchemy as sa
from alembic import op

revision = "35fb84524e9d"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column(
        "trips",
        "title",
        existing_type=sa.String(length=200),
        type_=sa.Text(),
        existing_nullable=False,
    )


def downgrade() -> None:
    op.alter_column("trips", "title", existing_type=sa.Text(), type_=sa.String(length=200))
