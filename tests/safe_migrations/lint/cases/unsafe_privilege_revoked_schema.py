"""Take all rights on the tables of a schema from everybody."""
# expect: privilege-revoked

from alembic import op

revision = "fab47c83813e"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC")


def downgrade() -> None:
    pass
