"""Make a view."""

from alembic import op

revision = "cd7fae780ab4"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE VIEW phones AS SELECT id, phone FROM users")
    op.execute("CREATE VIEW long_phones AS SELECT id FROM phones WHERE length(phone) > 9")


def downgrade() -> None:
    op.execute("DROP VIEW long_phones, phones")
