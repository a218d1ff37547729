"""Add a column and require it for new rows, in one statement."""
# expect: required-without-default

from alembic import op

revision = "88fcac6cf6a2"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "ALTER TABLE users ADD COLUMN tier text, ADD CONSTRAINT users_tier_present NOT NULL "
        "tier NOT VALID"
    )


def downgrade() -> None:
    op.drop_column("users", "tier")
