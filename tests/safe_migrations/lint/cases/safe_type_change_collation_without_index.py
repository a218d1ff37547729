"""Another collation of a column that no index is on: only the catalog changes."""
# expect: none

from alembic import op

revision = "54c54930ad0e"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute('ALTER TABLE users ALTER bio TYPE text COLLATE "C"')


def downgrade() -> None:
    op.execute("ALTER TABLE users ALTER bio TYPE text")
