"""What is done depends on what the database holds: only a run can tell."""
# expect: not-analysable, drop-column
# expect with a database: none

import sqlalchemy as sa
from alembic import op

revision = "c5aa04112b71"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    columns = [column["name"] for column in sa.inspect(op.get_bind()).get_columns("users")]
    for name in columns:
        if name.startswith("legacy_"):
            op.drop_column("users", name)


def downgrade() -> None:
    pass
