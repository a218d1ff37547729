"""Drop the default of a NOT NULL column: INSERTs of older code that leave it out fail."""
# expect: required-without-default

from alembic import op

revision = "c3a55891c116"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column("users", "plan", server_default=None)


def downgrade() -> None:
    op.alter_column("users", "plan", server_default="free")
