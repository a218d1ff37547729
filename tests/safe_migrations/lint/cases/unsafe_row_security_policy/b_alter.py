"""Let them see less."""
# expect: row-security

from alembic import op

revision = "b83badd35b4f"
down_revision = "89211d9080c3"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER POLICY everybody ON users USING (plan = 'free')")


def downgrade() -> None:
    op.execute("ALTER POLICY everybody ON users USING (true)")
