"""Fill a new column through the connection."""
# expect: data-change-with-ddl

import sqlalchemy as sa
from alembic import op

revision = "bc4bfb81f71e"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("locale", sa.String(5), nullable=True))
    bind = op.get_bind()
    bind.execute(sa.text("UPDATE users SET locale = 'ko'"))


def downgrade() -> None:
    op.drop_column("users", "locale")
