"""Rename it, while code calls it."""
# expect: rename-function

from alembic import op

revision = "28894cb6863f"
down_revision = "b87d9f43414f"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER FUNCTION plans() RENAME TO all_plans")


def downgrade() -> None:
    op.execute("ALTER FUNCTION all_plans() RENAME TO plans")
