"""Call a function that puts together its SQL when it runs."""
# expect: not-analysable

from alembic import op

revision = "fd336b0f1f02"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE FUNCTION touch(name text) RETURNS void LANGUAGE plpgsql AS 'BEGIN EXECUTE "
        "''COMMENT ON TABLE '' || name || '' IS NULL''; END'"
    )
    op.execute("SELECT touch('users')")


def downgrade() -> None:
    op.execute("DROP FUNCTION touch(text)")
