"""serial by its other name."""
# expect: identity-column

from alembic import op

revision = "184f643119dd"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE currencies ADD COLUMN number serial8")


def downgrade() -> None:
    op.drop_column("currencies", "number")
