"""An EXCLUDE constraint on a table that is created with it."""
# expect: none

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "8a0c1cfe74f2"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "closures",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("during", postgresql.TSTZRANGE(), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("during"), "&&"), name="ex_closures_during", using="gist"
        ),
    )


def downgrade() -> None:
    op.drop_table("closures")
