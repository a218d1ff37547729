"""A CHECK of a domain reads all tables that have a column of it."""
# expect: check-validates

from alembic import op

revision = "domain_b"
down_revision = "domain_a"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER DOMAIN stars ADD CONSTRAINT ck_stars CHECK (VALUE BETWEEN 1 AND 5)")


def downgrade() -> None:
    op.execute("ALTER DOMAIN stars DROP CONSTRAINT ck_stars")
