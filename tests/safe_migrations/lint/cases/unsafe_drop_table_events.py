"""Drop a table that running code may read."""
# expect: drop-table

import sqlalchemy as sa
from alembic import op

revision = "9ec7bff7fda5"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_table("events")


def downgrade() -> None:
    op.create_table(
        "events",
        sa.Column("id", sa.Integer(), sa.Identity(), primary_key=True),
        sa.Column("user_id", sa.Integer()),
        sa.Column("name", sa.String(50), nullable=False),
        sa.Column("payload", sa.JSON()),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()")),
    )
