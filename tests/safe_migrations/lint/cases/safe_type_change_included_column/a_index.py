"""Build an index that only includes the column, and one on an expression of another."""

from alembic import op

revision = "257fbe07d630"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("CREATE INDEX CONCURRENTLY ix_users_bio ON users (id) INCLUDE (nickname)")
        op.execute("CREATE INDEX CONCURRENTLY ix_users_bio_lower ON users (lower(bio))")


def downgrade() -> None:
    op.drop_index("ix_users_bio_lower")
    op.drop_index("ix_users_bio")
