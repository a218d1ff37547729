"""Drop it and make it again, with another body."""
# expect: none

from alembic import op

revision = "138eb67c0180"
down_revision = "b39c8409e45e"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DROP FUNCTION plans()")
    op.execute(
        "CREATE FUNCTION plans() RETURNS SETOF text LANGUAGE sql AS 'SELECT plan FROM users "
        "GROUP BY plan'"
    )


def downgrade() -> None:
    pass
