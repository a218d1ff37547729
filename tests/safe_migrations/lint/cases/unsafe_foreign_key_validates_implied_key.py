"""A foreign key that does not name the column it leads to, with options."""
# expect: foreign-key-validates

from alembic import op

revision = "63d987727de5"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "ALTER TABLE bookings ADD FOREIGN KEY (currency) REFERENCES currencies "
        "MATCH FULL ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED"
    )


def downgrade() -> None:
    op.drop_constraint("bookings_currency_fkey", "bookings", type_="foreignkey")
