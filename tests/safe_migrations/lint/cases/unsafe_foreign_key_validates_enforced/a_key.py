"""A foreign key that nobody enforces."""

from alembic import op

revision = "enforced_a"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "ALTER TABLE events ADD CONSTRAINT fk_events_user_id "
        "FOREIGN KEY (user_id) REFERENCES users NOT ENFORCED"
    )


def downgrade() -> None:
    op.drop_constraint("fk_events_user_id", "events")
