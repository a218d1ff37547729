"""A CHECK of a domain that holds for new values only."""
# expect: none

from alembic import op

revision = "0039a29096d2"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE DOMAIN stars AS int")
    op.execute("ALTER TABLE trips ADD COLUMN rating stars")
    op.execute("ALTER DOMAIN stars ADD CONSTRAINT ck_stars CHECK (VALUE BETWEEN 1 AND 5) NOT VALID")


def downgrade() -> None:
    op.drop_column("trips", "rating")
    op.execute("DROP DOMAIN stars")
