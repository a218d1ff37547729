"""SQL put together by the server: only a run can tell."""
# expect: not-analysable

from alembic import op

revision = "038251ea44aa"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        DO $$
        DECLARE found record;
        BEGIN
            FOR found IN SELECT tablename FROM pg_tables WHERE tablename LIKE 'import%' LOOP
                EXECUTE format('ALTER TABLE %I SET LOGGED', found.tablename);
            END LOOP;
        END $$
    """)


def downgrade() -> None:
    pass
