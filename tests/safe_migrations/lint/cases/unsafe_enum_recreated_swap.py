"""An enum made anew to lose a value: every row of the table is written anew."""
# expect: enum-recreated, type-change-rewrites

from alembic import op

revision = "eeec2126c313"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE trips ALTER COLUMN status DROP DEFAULT")
    op.execute("ALTER TYPE trip_status RENAME TO trip_status_old")
    op.execute("CREATE TYPE trip_status AS ENUM ('planned', 'booked')")
    op.execute(
        "ALTER TABLE trips ALTER COLUMN status TYPE trip_status USING status::text::trip_status"
    )
    op.execute("ALTER TABLE trips ALTER COLUMN status SET DEFAULT 'planned'")
    op.execute("DROP TYPE trip_status_old")


def downgrade() -> None:
    pass
