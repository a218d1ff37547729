"""A unique constraint in a batch."""
# expect: unique-builds-index

from alembic import op

revision = "f36ed9d47767"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("currencies") as batch:
        batch.create_unique_constraint("uq_currencies_name", ["name"])


def downgrade() -> None:
    with op.batch_alter_table("currencies") as batch:
        batch.drop_constraint("uq_currencies_name", type_="unique")
