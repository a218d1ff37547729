"""A new enum value, committed before it is used."""
# expect: none

from alembic import op

revision = "59fb11fbe656"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("ALTER TYPE trip_status ADD VALUE IF NOT EXISTS 'draft' BEFORE 'planned'")
    op.alter_column("trips", "status", server_default="draft")


def downgrade() -> None:
    op.alter_column("trips", "status", server_default="planned")
