"""Give a column the type that it has: its partial index is built anew all the same."""
# expect: type-change-rewrites

from alembic import op

revision = "bc2787f04e1f"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE users ALTER COLUMN email TYPE varchar(255)")


def downgrade() -> None:
    pass
