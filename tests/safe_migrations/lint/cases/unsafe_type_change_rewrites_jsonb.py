"""json → jsonb: every row is written anew."""
# expect: type-change-rewrites

import sqlalchemy as sa
from alembic import op

revision = "3e15ff6b3a48"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE events ALTER payload SET DATA TYPE jsonb USING payload::jsonb")


def downgrade() -> None:
    op.alter_column("events", "payload", type_=sa.JSON(), postgresql_using="payload::json")
