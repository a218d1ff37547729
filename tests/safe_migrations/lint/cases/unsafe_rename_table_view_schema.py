"""A view moves to another schema."""
# expect: rename-table

from alembic import op

revision = "43011d009dc2"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER VIEW open_trips SET SCHEMA old")


def downgrade() -> None:
    op.execute("ALTER VIEW old.open_trips SET SCHEMA public")
