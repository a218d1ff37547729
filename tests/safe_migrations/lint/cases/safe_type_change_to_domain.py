"""varchar(20) → a domain over it without constraints, and back: the rows stay."""
# expect: none

from alembic import op

revision = "f214e1106b15"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE DOMAIN label AS varchar(30)")
    op.execute("ALTER TABLE users ALTER COLUMN nickname TYPE label")
    op.execute("ALTER TABLE users ALTER COLUMN nickname TYPE varchar(30)")


def downgrade() -> None:
    pass
