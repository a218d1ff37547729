"""It proves that no row has NULL."""
# expect: none

from alembic import op

revision = "ef29a5503e92"
down_revision = "a67106dd4507"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column("users", "bio", nullable=False)


def downgrade() -> None:
    op.alter_column("users", "bio", nullable=True)
