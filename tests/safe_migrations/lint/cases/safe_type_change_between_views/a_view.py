"""Make a view."""

from alembic import op

revision = "2e6a0975ecaa"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE VIEW phones AS SELECT id, phone FROM users")


def downgrade() -> None:
    op.execute("DROP VIEW phones")
