"""NOT NULL for new rows (Postgres 18): NOT VALID reads no row, and a later revision validates."""
# expect: none

from alembic import op

revision = "febe486053e1"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "ALTER TABLE users ADD CONSTRAINT users_last_seen_present NOT NULL last_seen_at NOT VALID"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE users DROP CONSTRAINT users_last_seen_present")
