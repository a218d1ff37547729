"""Let more rows be seen: by another policy, and by none at all."""
# expect: none

from alembic import op

revision = "762e42de28ca"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE POLICY free ON users FOR SELECT USING (plan = 'free')")
    op.execute("ALTER TABLE users NO FORCE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE users DISABLE ROW LEVEL SECURITY")


def downgrade() -> None:
    op.execute("DROP POLICY free ON users")
