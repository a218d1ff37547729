"""A CHECK that rides on add_column.

Alembic writes it as a statement of its own, which reads all rows under ACCESS EXCLUSIVE.
"""
# expect: check-validates

import sqlalchemy as sa
from alembic import op

revision = "f3a55d6009db"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "events",
        sa.Column(
            "kind",
            sa.String(10),
            sa.CheckConstraint("kind IN ('view', 'click')", name=op.f("ck_events_kind")),
        ),
    )


def downgrade() -> None:
    op.drop_column("events", "kind")
