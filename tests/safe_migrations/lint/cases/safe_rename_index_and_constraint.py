"""Rename an index and a constraint, which no code names."""
# expect: none

from alembic import op

revision = "0260f8ec4c55"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER INDEX ix_trips_user_id RENAME TO trips_user_id_idx")
    op.execute("ALTER TABLE trips RENAME CONSTRAINT ck_trips_party_size TO trips_party_size_check")


def downgrade() -> None:
    op.execute("ALTER TABLE trips RENAME CONSTRAINT trips_party_size_check TO ck_trips_party_size")
    op.execute("ALTER INDEX trips_user_id_idx RENAME TO ix_trips_user_id")
