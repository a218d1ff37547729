"""Create a table and fill it."""
# expect: none

import sqlalchemy as sa
from alembic import op

revision = "b9e87f6fb309"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    kinds = op.create_table(
        "place_kinds",
        sa.Column("code", sa.String(20), primary_key=True),
        sa.Column("label", sa.Text(), nullable=False),
    )
    op.bulk_insert(kinds, [{"code": "cafe", "label": "카페"}, {"code": "park", "label": "공원"}])
    op.execute("UPDATE place_kinds SET label = upper(label)")


def downgrade() -> None:
    op.drop_table("place_kinds")
