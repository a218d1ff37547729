"""Rename a type and a function that the same revision made."""
# expect: none

from alembic import op

revision = "605a53c3ec9c"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE TYPE kind AS ENUM ('a')")
    op.execute("ALTER TYPE kind RENAME TO kind_of_trip")
    op.execute("CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    op.execute("ALTER FUNCTION one() RENAME TO uno")


def downgrade() -> None:
    op.execute("DROP FUNCTION uno()")
    op.execute("DROP TYPE kind_of_trip")
