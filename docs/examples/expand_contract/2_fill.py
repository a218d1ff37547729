"""Fill users.language from users.locale, in batches.

Revision fill_language; it follows expand_language.

The code that runs by now writes both columns. On a big table, run ahead of the deploy
`flask db backfill run users_language --pause 0.5`; the upgrade then finds nothing left to do.
Deploy next the code that reads the new column.
"""

from alembic import op

from safe_migrations.backfill import Backfill

revision = "fill_language"
down_revision = "expand_language"
branch_labels = None
depends_on = None

FILL = Backfill(
    "users_language",
    table="users",
    set={"language": "locale"},
    where="language IS NULL",
)


def upgrade() -> None:
    """Apply the change."""
    FILL.run(op)


def downgrade() -> None:
    """Leave the values where they are: nobody reads them, and the old column is complete."""
