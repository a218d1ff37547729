"""What a revision makes, it may move and rename, and then build on."""
# expect: none

from alembic import op

revision = "8a4212769c09"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE SCHEMA archive")
    op.execute("SELECT id, email INTO old_users FROM users")
    op.execute("ALTER TABLE old_users SET SCHEMA archive")
    op.create_index("ix_old_users_email", "old_users", ["email"], schema="archive")
    op.execute("CREATE VIEW a AS SELECT 1 AS one")
    op.execute("ALTER VIEW a RENAME TO b")
    op.execute("ALTER VIEW b RENAME COLUMN one TO two")
    op.execute("DROP VIEW b")


def downgrade() -> None:
    op.execute("DROP SCHEMA archive CASCADE")
