"""Contract: remove users.locale, which no running code reads or writes any more.

Revision contract_locale; it follows fill_language.

Apply it one release after the code that reads and writes users.language only.
"""

import sqlalchemy as sa
from alembic import op

revision = "contract_locale"
down_revision = "fill_language"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    # lint: allow(drop-column) users.language holds it; the release before stopped using it.
    op.drop_column("users", "locale")


def downgrade() -> None:
    """Take the change back, for the code of the release before: it writes both columns."""
    op.add_column(
        "users", sa.Column("locale", sa.String(length=35), server_default=sa.text("'ko-KR'"))
    )
    op.execute("UPDATE users SET locale = language")
    op.alter_column("users", "locale", nullable=False)
