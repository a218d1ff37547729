"""Expand: add users.language beside users.locale.

Revision expand_language; it follows no other in this example.

Deploy next the code that writes both columns and still reads the old one.
"""

import sqlalchemy as sa
from alembic import op

revision = "expand_language"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change: a column that may be NULL takes its lock for a moment only."""
    op.add_column("users", sa.Column("language", sa.String(length=35), nullable=True))


def downgrade() -> None:
    """Take the change back: nothing is lost, the old column still holds all of it."""
    op.drop_column("users", "language")
