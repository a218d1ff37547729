"""One SET for two columns."""
# expect: data-change-with-ddl

from alembic import op

revision = "fd95f1a75490"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE users SET (bio, city) = (SELECT email, plan)")


def downgrade() -> None:
    pass
