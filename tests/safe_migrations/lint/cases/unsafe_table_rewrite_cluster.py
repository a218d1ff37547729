"""Write a table anew in the order of an index, under ACCESS EXCLUSIVE."""
# expect: table-rewrite

from alembic import op

revision = "77a9537d3729"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CLUSTER trips USING ix_trips_user_id")


def downgrade() -> None:
    pass
