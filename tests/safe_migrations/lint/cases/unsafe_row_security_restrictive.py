"""Add a policy that narrows the others."""
# expect: row-security

from alembic import op

revision = "a76694ed9135"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE POLICY nobody ON users AS RESTRICTIVE USING (false)")


def downgrade() -> None:
    op.execute("DROP POLICY nobody ON users")
