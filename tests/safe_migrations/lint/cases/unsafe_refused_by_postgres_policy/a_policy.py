"""Make a policy on a column."""

from alembic import op

revision = "281a359ce2de"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE POLICY germans ON users USING (phone LIKE '+49%')")


def downgrade() -> None:
    op.execute("DROP POLICY germans ON users")
