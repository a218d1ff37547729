"""Add a generated column without STORED or VIRTUAL: virtual since Postgres 18."""
# expect: none

from alembic import op

revision = "f232787f2d62"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE trips ADD COLUMN nights int GENERATED ALWAYS AS (ends_on - starts_on)")


def downgrade() -> None:
    op.drop_column("trips", "nights")
