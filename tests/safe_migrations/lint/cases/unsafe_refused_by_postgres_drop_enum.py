"""Drop an enum that a column has: fails."""
# expect: refused-by-postgres

from alembic import op

revision = "f662fe2c6869"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DROP TYPE trip_status")


def downgrade() -> None:
    pass
