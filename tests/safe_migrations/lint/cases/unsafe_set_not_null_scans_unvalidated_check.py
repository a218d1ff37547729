"""SET NOT NULL where the CHECK that would prove it is NOT VALID: all rows are read."""
# expect: set-not-null-scans

from alembic import op

revision = "48d20158f264"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE users ALTER COLUMN city SET NOT NULL")


def downgrade() -> None:
    op.execute("ALTER TABLE users ALTER COLUMN city DROP NOT NULL")
