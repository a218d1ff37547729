"""Build an index on an expression, concurrently, and rename its column."""

from alembic import op

revision = "97637c44f2e7"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("CREATE INDEX CONCURRENTLY ix_users_phone_lower ON users (lower(phone))")
    op.alter_column("users", "phone", new_column_name="mobile")


def downgrade() -> None:
    op.alter_column("users", "mobile", new_column_name="phone")
    op.drop_index("ix_users_phone_lower")
