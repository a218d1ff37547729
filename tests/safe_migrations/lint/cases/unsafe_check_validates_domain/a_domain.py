"""A column of a domain without constraints."""

from alembic import op

revision = "domain_a"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE DOMAIN stars AS int")
    op.execute("ALTER TABLE trips ADD COLUMN rating stars")


def downgrade() -> None:
    op.drop_column("trips", "rating")
    op.execute("DROP DOMAIN stars")
