"""A unique index on a NOT NULL column becomes the primary key."""
# expect: none

from alembic import op

revision = "fcff6ccccbb5"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "ALTER TABLE audit_log ADD CONSTRAINT pk_audit_log PRIMARY KEY USING INDEX ux_audit_log_id"
    )


def downgrade() -> None:
    pass
