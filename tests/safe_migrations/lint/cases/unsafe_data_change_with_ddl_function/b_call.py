"""Call it."""
# expect: data-change-with-ddl

from alembic import op

revision = "9120fb168e5b"
down_revision = "8824409d1587"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SELECT fill_plans()")


def downgrade() -> None:
    pass
