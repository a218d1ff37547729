"""Validate it, by that name."""
# expect: none

from alembic import op

revision = "a67106dd4507"
down_revision = "9a978cd27a3b"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE users VALIDATE CONSTRAINT users_bio_check")


def downgrade() -> None:
    pass
