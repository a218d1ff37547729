"""Index what kept answers go with.

Revision cf13e49a5c4e, of 2026-11-27; it follows 8be5aecf5595.

The service keeps running on the schema before this revision while it is applied, and code of the
release before may run after it: add first, remove in a later release. Where that can't be, write
`BREAKS_RELEASE_BEFORE = True` below, so that such code refuses to run.
"""

import sqlalchemy as sa
from alembic import op

revision = "cf13e49a5c4e"
down_revision = "8be5aecf5595"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    with op.get_context().autocommit_block():
        op.drop_index(
            op.f("ix_idempotency_keys_itinerary_id"),
            table_name="idempotency_keys",
            postgresql_concurrently=True,
            if_exists=True,
        )
        op.create_index(
            op.f("ix_idempotency_keys_itinerary_id"),
            "idempotency_keys",
            ["itinerary_id"],
            unique=False,
            postgresql_concurrently=True,
        )


def downgrade() -> None:
    """Take the change back."""
    with op.get_context().autocommit_block():
        op.drop_index(
            op.f("ix_idempotency_keys_itinerary_id"),
            table_name="idempotency_keys",
            postgresql_concurrently=True,
            if_exists=True,
        )
