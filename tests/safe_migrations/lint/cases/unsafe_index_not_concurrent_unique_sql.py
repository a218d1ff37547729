"""A unique index in SQL, in the middle of harmless statements."""
# expect: index-not-concurrent

from alembic import op

revision = "f31aeccc401c"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        COMMENT ON TABLE events IS 'What users did';
        CREATE UNIQUE INDEX ux_events_name ON public.events (user_id, name) WHERE user_id > 0;
        COMMENT ON COLUMN events.name IS 'Verb and noun';
    """)


def downgrade() -> None:
    op.execute("DROP INDEX ux_events_name")
