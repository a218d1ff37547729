"""Validate the NOT NULL constraint that an earlier revision added NOT VALID (Postgres 18)."""
# expect: none

from alembic import op

revision = "d579792aa7b9"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE users VALIDATE CONSTRAINT users_phone_present")


def downgrade() -> None:
    pass
