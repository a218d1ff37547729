"""Turn row-level security on for the owner, too, with a policy for one operation."""
# expect: row-security

from alembic import op

revision = "36a9e3f5bed6"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE POLICY readers ON users FOR SELECT USING (true)")
    op.execute("ALTER TABLE users FORCE ROW LEVEL SECURITY")


def downgrade() -> None:
    op.execute("ALTER TABLE users NO FORCE ROW LEVEL SECURITY")
    op.execute("DROP POLICY readers ON users")
