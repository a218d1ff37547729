"""A CHECK that Postgres names."""
# expect: none

from alembic import op

revision = "9a978cd27a3b"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE users ADD CHECK (NOT (bio IS NULL)) NOT VALID")


def downgrade() -> None:
    op.drop_constraint("users_bio_check", "users")
