"""Make a function."""

from alembic import op

revision = "b87d9f43414f"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE FUNCTION plans() RETURNS SETOF text LANGUAGE sql AS 'SELECT DISTINCT plan "
        "FROM users'"
    )


def downgrade() -> None:
    op.execute("DROP FUNCTION plans()")
