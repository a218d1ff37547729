"""Make a trigger on a column."""

from alembic import op

revision = "d7b94b472a7b"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE FUNCTION same() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END'")
    op.execute(
        "CREATE TRIGGER users_phone BEFORE UPDATE OF phone ON users FOR EACH ROW EXECUTE "
        "FUNCTION same()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER users_phone ON users")
    op.execute("DROP FUNCTION same()")
