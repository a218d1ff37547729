"""Add a generated column."""

from alembic import op

revision = "4fb66779306d"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "ALTER TABLE users ADD COLUMN phone_upper text GENERATED ALWAYS AS (upper(phone)) VIRTUAL"
    )


def downgrade() -> None:
    op.drop_column("users", "phone_upper")
