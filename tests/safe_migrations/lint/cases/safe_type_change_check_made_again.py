"""Widen a column between the drop of its CHECK and the new one, NOT VALID."""
# expect: none

from alembic import op

revision = "d61c55df841b"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE users DROP CONSTRAINT ck_users_country_present")
    op.execute("ALTER TABLE users ALTER COLUMN country TYPE varchar(3)")
    op.execute(
        "ALTER TABLE users ADD CONSTRAINT ck_users_country_present CHECK (country IS NOT "
        "NULL) NOT VALID"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE users ALTER COLUMN country TYPE varchar(2)")
