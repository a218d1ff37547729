"""A unique constraint that rides on ADD COLUMN."""
# expect: unique-builds-index

from alembic import op

revision = "1ad4f65fa1af"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE trips ADD COLUMN slug text UNIQUE")


def downgrade() -> None:
    op.drop_column("trips", "slug")
