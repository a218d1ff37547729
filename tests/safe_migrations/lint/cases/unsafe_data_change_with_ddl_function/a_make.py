"""Make a function that changes all rows."""
# expect: none

from alembic import op

revision = "8824409d1587"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE FUNCTION fill_plans() RETURNS void LANGUAGE plpgsql AS 'BEGIN UPDATE users "
        "SET plan = ''free''; END'"
    )


def downgrade() -> None:
    op.execute("DROP FUNCTION fill_plans()")
