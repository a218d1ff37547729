"""Add a bigserial column: its default is nextval(), so every row is written anew."""
# expect: identity-column

from alembic import op

revision = "64c5592d7985"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE events ADD COLUMN position bigserial")


def downgrade() -> None:
    op.drop_column("events", "position")
