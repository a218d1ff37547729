"""Call a procedure that deletes many rows, from a block."""
# expect: data-change-with-ddl

from alembic import op

revision = "29542f4647b4"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE PROCEDURE forget() LANGUAGE sql BEGIN ATOMIC DELETE FROM events; END")
    op.execute("DO $$ BEGIN CALL forget(); END $$")


def downgrade() -> None:
    op.execute("DROP PROCEDURE forget()")
