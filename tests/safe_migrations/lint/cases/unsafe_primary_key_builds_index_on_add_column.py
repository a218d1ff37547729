"""A primary key that rides on ADD COLUMN, with an identity that rewrites the table."""
# expect: identity-column, primary-key-builds-index

from alembic import op

revision = "140b81556187"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "ALTER TABLE imported_rows ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY"
    )


def downgrade() -> None:
    op.drop_column("imported_rows", "id")
