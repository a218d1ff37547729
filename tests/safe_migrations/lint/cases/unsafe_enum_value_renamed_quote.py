"""A value of an enum gets a name with a quote."""
# expect: enum-value-renamed

from alembic import op

revision = "95bd12cfaa50"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TYPE trip_status RENAME VALUE 'done' TO 'it''s done'")


def downgrade() -> None:
    op.execute("ALTER TYPE trip_status RENAME VALUE 'it''s done' TO 'done'")
