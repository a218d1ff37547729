"""Take a right on a table from everybody."""
# expect: privilege-revoked

from alembic import op

revision = "3d9d34b4f772"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("REVOKE INSERT ON users FROM PUBLIC")


def downgrade() -> None:
    op.execute("GRANT INSERT ON users TO PUBLIC")
