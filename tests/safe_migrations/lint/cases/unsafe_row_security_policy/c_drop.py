"""Let them see nothing."""
# expect: row-security

from alembic import op

revision = "e6aea7624988"
down_revision = "b83badd35b4f"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DROP POLICY everybody ON users")


def downgrade() -> None:
    op.execute("CREATE POLICY everybody ON users USING (true)")
