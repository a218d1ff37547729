"""Widen the column of its condition: the constraint's index is built again."""
# expect: type-change-rewrites

from alembic import op

revision = "ecb73125379d"
down_revision = "3256342d39fc"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE bookings ALTER COLUMN room TYPE varchar(40)")


def downgrade() -> None:
    op.execute("ALTER TABLE bookings ALTER COLUMN room TYPE varchar(20)")
