"""Drop it with its function, which nobody else can call."""
# expect: none

from alembic import op

revision = "b6b57b174014"
down_revision = "f7ca64a288ee"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DROP TRIGGER same ON users")
    op.execute("DROP FUNCTION same()")


def downgrade() -> None:
    pass
