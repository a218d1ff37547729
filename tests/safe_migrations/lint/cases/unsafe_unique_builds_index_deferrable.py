"""A unique constraint with all its options, on a table with a reserved name."""
# expect: unique-builds-index

from alembic import op

revision = "af184943fdc8"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        ALTER TABLE "order" ADD CONSTRAINT uq_order_group
        UNIQUE NULLS NOT DISTINCT ("group") INCLUDE ("user") DEFERRABLE INITIALLY DEFERRED
    """)


def downgrade() -> None:
    op.drop_constraint("uq_order_group", "order", type_="unique")
