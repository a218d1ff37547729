"""A whole table by another name."""
# expect: data-change-with-ddl

from alembic import op

revision = "f0f63c26e48f"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE users AS u SET bio = u.email WHERE u.bio IS NULL")


def downgrade() -> None:
    pass
