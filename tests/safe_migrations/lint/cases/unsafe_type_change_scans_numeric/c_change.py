"""Let the column have more digits: the CHECK is verified anew."""
# expect: type-change-scans

from alembic import op

revision = "3a290f4a8bab"
down_revision = "9557aa3d5917"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE trips ALTER COLUMN budget TYPE numeric(14, 2)")


def downgrade() -> None:
    op.execute("ALTER TABLE trips ALTER COLUMN budget TYPE numeric(10, 2)")
