"""A new enum value used in the transaction that adds it: upgrade fails."""
# expect: enum-value-used-in-transaction

from alembic import op

revision = "ec3ed16a7348"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TYPE trip_status ADD VALUE IF NOT EXISTS 'draft' BEFORE 'planned'")
    op.alter_column("trips", "status", server_default="draft")


def downgrade() -> None:
    op.alter_column("trips", "status", server_default="planned")
