"""A foreign key that is never checked (Postgres 18), for the planner and for people."""
# expect: none

from alembic import op

revision = "0df5e0d07376"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "ALTER TABLE events ADD CONSTRAINT fk_events_user_id "
        "FOREIGN KEY (user_id) REFERENCES users (id) NOT ENFORCED"
    )


def downgrade() -> None:
    op.drop_constraint("fk_events_user_id", "events", type_="foreignkey")
