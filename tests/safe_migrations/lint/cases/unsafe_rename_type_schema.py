"""Move an enum to another schema."""
# expect: rename-type

from alembic import op

revision = "e137b5710963"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE SCHEMA types")
    op.execute("ALTER TYPE trip_status SET SCHEMA types")


def downgrade() -> None:
    op.execute("ALTER TYPE types.trip_status SET SCHEMA public")
    op.execute("DROP SCHEMA types")
