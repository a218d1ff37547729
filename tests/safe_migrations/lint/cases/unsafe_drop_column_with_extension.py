"""An extension goes, and with it whatever is of its types."""
# expect: drop-column

from alembic import op

revision = "6ee69f872ea3"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DROP EXTENSION citext CASCADE")


def downgrade() -> None:
    pass
