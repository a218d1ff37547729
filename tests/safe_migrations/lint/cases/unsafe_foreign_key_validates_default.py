"""A column with REFERENCES and a default: as rows have a value, all are checked."""
# expect: foreign-key-validates

from alembic import op

revision = "86839794e4ee"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE bookings ADD COLUMN owner_id int DEFAULT 1 REFERENCES users (id)")


def downgrade() -> None:
    op.drop_column("bookings", "owner_id")
