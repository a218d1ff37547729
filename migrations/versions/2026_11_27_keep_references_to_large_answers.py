"""Keep references to large answers, and who sent the request.

Revision 2265b2cccac8, of 2026-11-27; it follows d62e3f8ca21b.

The service keeps running on the schema before this revision while it is applied, and code of the
release before may run after it: add first, remove in a later release.
"""

import sqlalchemy as sa
from alembic import op

revision = "2265b2cccac8"
down_revision = "d62e3f8ca21b"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.add_column("idempotency_keys", sa.Column("shown_id", sa.Uuid(), nullable=True))
    op.add_column("idempotency_keys", sa.Column("caller", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    """Take the change back."""
    op.drop_column("idempotency_keys", "caller")
    op.drop_column("idempotency_keys", "shown_id")
