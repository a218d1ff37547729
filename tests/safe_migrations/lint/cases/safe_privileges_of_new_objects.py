"""Take rights that no application uses, or on what is new."""
# expect: none

from alembic import op

revision = "f43c5c40c6d8"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    op.execute("REVOKE TRIGGER, REFERENCES ON users FROM PUBLIC")
    op.execute("REVOKE GRANT OPTION FOR SELECT ON users FROM PUBLIC")
    op.execute("CREATE TABLE hotels (id int)")
    op.execute("REVOKE ALL ON hotels FROM PUBLIC")
    op.execute("CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    op.execute("REVOKE ALL ON FUNCTION one() FROM PUBLIC")
    op.execute("ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC")


def downgrade() -> None:
    op.execute("ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO PUBLIC")
    op.execute("DROP FUNCTION one()")
    op.drop_table("hotels")
