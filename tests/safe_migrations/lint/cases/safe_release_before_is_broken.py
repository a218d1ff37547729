"""Drop a column, rename another and a type, and say that older code can't go on."""
# expect: none

import sqlalchemy as sa
from alembic import op

revision = "a80c012989a6"
down_revision = "start"
branch_labels = None
depends_on = None

BREAKS_RELEASE_BEFORE = True


def upgrade() -> None:
    op.drop_column("users", "bio")
    op.alter_column("users", "phone", new_column_name="mobile")
    op.execute("ALTER TYPE trip_status RENAME TO trip_state")


def downgrade() -> None:
    op.execute("ALTER TYPE trip_state RENAME TO trip_status")
    op.alter_column("users", "mobile", new_column_name="phone")
    op.add_column("users", sa.Column("bio", sa.Text()))
