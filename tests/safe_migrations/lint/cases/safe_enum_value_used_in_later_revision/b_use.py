"""Use it, one revision later."""
# expect: none

from alembic import op

revision = "9fb95116d36d"
down_revision = "c8d959c3a383"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column("trips", "status", server_default="draft")


def downgrade() -> None:
    op.alter_column("trips", "status", server_default="planned")
