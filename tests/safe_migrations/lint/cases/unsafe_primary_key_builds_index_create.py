"""A primary key on a table with rows: its index is built under ACCESS EXCLUSIVE."""
# expect: primary-key-builds-index

from alembic import op

revision = "f8d96914d653"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_primary_key("pk_audit_log", "audit_log", ["id"])


def downgrade() -> None:
    op.drop_constraint("pk_audit_log", "audit_log", type_="primary")
