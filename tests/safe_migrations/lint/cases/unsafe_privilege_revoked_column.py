"""Take the right to read a column from everybody."""
# expect: privilege-revoked

from alembic import op

revision = "da2c79ab57cd"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("REVOKE SELECT (email) ON users FROM PUBLIC")


def downgrade() -> None:
    pass
