"""Drop a unique constraint, and with it its index, and tables with their keys at once."""
# expect: none

from alembic import op

revision = "834ed63581e7"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE TABLE hotels (id int PRIMARY KEY, code text CONSTRAINT uq_hotels UNIQUE)")
    op.execute("CREATE TABLE rooms (hotel_id int REFERENCES hotels)")
    op.execute("ALTER TABLE hotels DROP CONSTRAINT uq_hotels")
    op.execute("DROP TABLE hotels, rooms")


def downgrade() -> None:
    pass
