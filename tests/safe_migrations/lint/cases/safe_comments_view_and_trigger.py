"""A comment, a view, a function and a trigger: locks held for a moment."""
# expect: none

from alembic import op

revision = "b4619739dce8"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table_comment("trips", "What users plan; rename column or DROP TABLE never")
    op.execute("CREATE VIEW open_trips AS SELECT id, title FROM trips WHERE status <> 'done'")
    op.execute("""
        CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            UPDATE users SET login_count = login_count + 1 WHERE id = NEW.user_id;
            RETURN NEW;
        END $$
    """)
    op.execute(
        "CREATE TRIGGER touch_user AFTER INSERT ON trips FOR EACH ROW EXECUTE FUNCTION touch()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER touch_user ON trips")
    op.execute("DROP FUNCTION touch()")
    op.execute("DROP VIEW open_trips")
    op.drop_table_comment("trips")
