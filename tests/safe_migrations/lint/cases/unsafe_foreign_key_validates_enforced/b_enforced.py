"""A foreign key begins to be enforced: all rows are read."""
# expect: foreign-key-validates

from alembic import op

revision = "enforced_b"
down_revision = "enforced_a"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE events ALTER CONSTRAINT fk_events_user_id ENFORCED")


def downgrade() -> None:
    op.execute("ALTER TABLE events ALTER CONSTRAINT fk_events_user_id NOT ENFORCED")
