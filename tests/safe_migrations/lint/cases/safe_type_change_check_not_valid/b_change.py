"""Change its column: what is not valid is not verified."""
# expect: none

from alembic import op

revision = "a2f36e936ac7"
down_revision = "2ff853e7c28e"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE trips ALTER COLUMN budget TYPE numeric(14, 2)")


def downgrade() -> None:
    op.execute("ALTER TABLE trips ALTER COLUMN budget TYPE numeric(10, 2)")
