"""A CHECK that rides on ADD COLUMN: all rows are read, although all are NULL."""
# expect: check-validates

from alembic import op

revision = "ef16ba2d9875"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE trips ADD COLUMN rating smallint CHECK (rating BETWEEN 1 AND 5)")


def downgrade() -> None:
    op.drop_column("trips", "rating")
