"""Drop it, while code calls it."""
# expect: drop-function

from alembic import op

revision = "f6eababba009"
down_revision = "6d6cb7698e70"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DROP FUNCTION plans()")


def downgrade() -> None:
    op.execute(
        "CREATE FUNCTION plans() RETURNS SETOF text LANGUAGE sql AS 'SELECT DISTINCT plan "
        "FROM users'"
    )
