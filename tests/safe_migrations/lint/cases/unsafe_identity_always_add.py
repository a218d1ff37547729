"""Make a column an identity that no INSERT may bring a value for."""
# expect: identity-always

from alembic import op

revision = "78b819f3f289"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE audit_log ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY")


def downgrade() -> None:
    op.execute("ALTER TABLE audit_log ALTER COLUMN id DROP IDENTITY")
