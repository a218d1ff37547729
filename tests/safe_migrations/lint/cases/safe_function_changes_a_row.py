"""Call functions that change a row by its key, or nothing."""
# expect: none

from alembic import op

revision = "5b3670dee8f3"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE FUNCTION set_plan(who int, what text) RETURNS void LANGUAGE sql AS 'UPDATE "
        "users SET plan = what WHERE id = who'"
    )
    op.execute("SELECT set_plan(1, 'free')")
    op.execute("SELECT setval('users_id_seq', 1)")
    op.execute("SELECT count(*) FROM users WHERE id = 1")


def downgrade() -> None:
    op.execute("DROP FUNCTION set_plan(int, text)")
