"""Add a NOT NULL column without a default, in SQL."""
# expect: not-null-without-default

from alembic import op

revision = "bd6065bbafac"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE trips ADD COLUMN origin text NOT NULL")


def downgrade() -> None:
    op.execute("ALTER TABLE trips DROP COLUMN origin")
