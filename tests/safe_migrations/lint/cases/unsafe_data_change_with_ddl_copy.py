"""All rows are copied while the table is locked by an earlier statement."""
# expect: data-change-with-ddl

import sqlalchemy as sa
from alembic import op

revision = "cddd28a532f5"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("events", sa.Column("kind", sa.Text()))
    op.execute("CREATE TABLE events_copy AS SELECT * FROM events")


def downgrade() -> None:
    op.execute("DROP TABLE events_copy")
    op.drop_column("events", "kind")
