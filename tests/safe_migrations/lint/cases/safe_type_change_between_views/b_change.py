"""Widen a column between the drop of the view that shows it and the new one."""
# expect: none

from alembic import op

revision = "fad73f9d52a4"
down_revision = "2e6a0975ecaa"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DROP VIEW phones")
    op.execute("ALTER TABLE users ALTER COLUMN phone TYPE varchar(80)")
    op.execute("CREATE VIEW phones AS SELECT id, phone FROM users")


def downgrade() -> None:
    op.execute("DROP VIEW phones")
    op.execute("ALTER TABLE users ALTER COLUMN phone TYPE varchar(40)")
    op.execute("CREATE VIEW phones AS SELECT id, phone FROM users")
