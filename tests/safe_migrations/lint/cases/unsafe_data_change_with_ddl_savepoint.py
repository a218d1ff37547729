"""All rows, in a savepoint."""
# expect: data-change-with-ddl

from alembic import op

revision = "d7b211d13d60"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_bind().begin_nested():
        op.execute("UPDATE users SET bio = 'a:b'")


def downgrade() -> None:
    pass
