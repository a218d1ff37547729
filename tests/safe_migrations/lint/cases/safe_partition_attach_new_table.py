"""Create a table like the others and attach it while it is empty."""
# expect: none

from alembic import op

revision = "e29ab1265c12"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE TABLE measurements_2027 (LIKE measurements INCLUDING ALL)")
    op.execute(
        "ALTER TABLE measurements ATTACH PARTITION measurements_2027 "
        "FOR VALUES FROM ('2027-01-01') TO ('2028-01-01')"
    )


def downgrade() -> None:
    op.drop_table("measurements_2027")
