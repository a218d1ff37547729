"""Let everybody see everything."""

from alembic import op

revision = "89211d9080c3"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE POLICY everybody ON users USING (true)")
    op.execute("ALTER TABLE users ENABLE ROW LEVEL SECURITY")


def downgrade() -> None:
    op.execute("ALTER TABLE users DISABLE ROW LEVEL SECURITY")
    op.execute("DROP POLICY everybody ON users")
