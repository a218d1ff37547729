"""Validate what kept answers go with.

Revision 8be5aecf5595, of 2026-11-27; it follows cccbbbf8617c.

The service keeps running on the schema before this revision while it is applied, and code of the
release before may run after it: add first, remove in a later release. Where that can't be, write
`BREAKS_RELEASE_BEFORE = True` below, so that such code refuses to run.
"""

import sqlalchemy as sa
from alembic import op

revision = "8be5aecf5595"
down_revision = "cccbbbf8617c"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.execute(
        "ALTER TABLE idempotency_keys VALIDATE CONSTRAINT "
        "fk_idempotency_keys_itinerary_id_itineraries"
    )


def downgrade() -> None:
    """Take the change back."""
