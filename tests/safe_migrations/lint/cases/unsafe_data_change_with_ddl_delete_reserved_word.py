"""All rows of a table whose name SQL keeps for itself."""
# expect: data-change-with-ddl

from alembic import op

revision = "94984bd73618"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute('DELETE FROM "order"')


def downgrade() -> None:
    pass
