"""A view is dropped and made anew in one transaction: readers see the one or the other."""
# expect: none

from alembic import op

revision = "395e919980b3"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DROP VIEW IF EXISTS user_names")
    op.execute("CREATE VIEW user_names AS SELECT id, username FROM users")


def downgrade() -> None:
    op.execute("DROP VIEW user_names")
