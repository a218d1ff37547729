"""varchar(20)[] → text[]: what is free for a column is not for the elements of an array."""
# expect: type-change-rewrites

from alembic import op

revision = "2b174609b60f"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute('ALTER TABLE "order" ALTER COLUMN tags TYPE text[]')


def downgrade() -> None:
    op.execute('ALTER TABLE "order" ALTER COLUMN tags TYPE varchar(20)[]')
