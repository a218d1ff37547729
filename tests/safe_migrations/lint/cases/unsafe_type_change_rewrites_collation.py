"""Another collation: the rows stay, the column's index is built anew under the lock."""
# expect: type-change-rewrites

from alembic import op

revision = "af26366746e8"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute('ALTER TABLE users ALTER nickname TYPE varchar(20) COLLATE "C"')


def downgrade() -> None:
    op.execute("ALTER TABLE users ALTER nickname TYPE varchar(20)")
