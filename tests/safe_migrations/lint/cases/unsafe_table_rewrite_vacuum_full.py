"""Write a table anew without its holes, under ACCESS EXCLUSIVE."""
# expect: table-rewrite

from alembic import op

revision = "fcac9d9e95fe"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("VACUUM (FULL, ANALYZE) events")


def downgrade() -> None:
    pass
