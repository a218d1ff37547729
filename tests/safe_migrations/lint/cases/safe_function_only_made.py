"""Make functions and a rule that change rows, and call none of them."""
# expect: none

from alembic import op

revision = "e49698330a87"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE PROCEDURE forget() LANGUAGE sql BEGIN ATOMIC DELETE FROM events; END")
    op.execute("CREATE RULE keep AS ON DELETE TO currencies DO INSTEAD DELETE FROM events")


def downgrade() -> None:
    op.execute("DROP RULE keep ON currencies")
    op.execute("DROP PROCEDURE forget()")
