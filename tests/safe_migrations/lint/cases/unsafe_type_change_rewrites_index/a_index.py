"""An index on a timestamp column, as it was made in early days."""

from alembic import op

revision = "4d1e6a9c0b52"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_users_last_seen_at", "users", ["last_seen_at"])


def downgrade() -> None:
    op.drop_index("ix_users_last_seen_at", table_name="users")
