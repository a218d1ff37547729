"""A primary key that takes the place of another."""
# expect: primary-key-builds-index

from alembic import op

revision = "09c716ba2bbf"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE trips DROP CONSTRAINT trips_pkey, ADD PRIMARY KEY (id, user_id)")


def downgrade() -> None:
    pass
