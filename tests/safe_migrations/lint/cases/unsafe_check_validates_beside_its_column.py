"""A column and its CHECK in one statement."""
# expect: check-validates

from alembic import op

revision = "e984c92ffd91"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "ALTER TABLE trips ADD COLUMN stars int, ADD CONSTRAINT ck_trips_stars CHECK (stars < 6)"
    )


def downgrade() -> None:
    op.drop_column("trips", "stars")
