"""A foreign key that takes the place of one of the same name."""
# expect: foreign-key-validates

from alembic import op

revision = "fa17591e4d59"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "ALTER TABLE trips DROP CONSTRAINT trips_user_id_fkey, ADD CONSTRAINT trips_user_id_fkey "
        "FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE"
    )


def downgrade() -> None:
    pass
