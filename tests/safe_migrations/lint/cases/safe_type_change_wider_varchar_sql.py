"""varchar(20) → varchar(80), where the statement does not tell what it was."""
# expect: none

from alembic import op

revision = "286199bbb1cc"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE bookings ALTER COLUMN room TYPE varchar(80)")


def downgrade() -> None:
    pass
