"""Turn row-level security on, without a policy: all but the owner see nothing."""
# expect: row-security

from alembic import op

revision = "861b79c57202"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE users ENABLE ROW LEVEL SECURITY")


def downgrade() -> None:
    op.execute("ALTER TABLE users DISABLE ROW LEVEL SECURITY")
