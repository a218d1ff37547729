"""Make an unlogged table a lasting one: it is written anew."""
# expect: table-rewrite

from alembic import op

revision = "d68ef48aa308"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE imported_rows SET LOGGED")


def downgrade() -> None:
    op.execute("ALTER TABLE imported_rows SET UNLOGGED")
