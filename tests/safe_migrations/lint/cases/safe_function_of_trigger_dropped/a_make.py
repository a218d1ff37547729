"""Make a trigger."""

from alembic import op

revision = "f7ca64a288ee"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE FUNCTION same() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END'")
    op.execute("CREATE TRIGGER same BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION same()")


def downgrade() -> None:
    op.execute("DROP TRIGGER IF EXISTS same ON users")
    op.execute("DROP FUNCTION IF EXISTS same()")
