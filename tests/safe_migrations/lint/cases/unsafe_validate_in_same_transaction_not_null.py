"""NOT NULL NOT VALID and VALIDATE in one transaction (Postgres 18)."""
# expect: validate-in-same-transaction

from alembic import op

revision = "3ef8c93ba285"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "ALTER TABLE trips ADD CONSTRAINT trips_starts_on_present NOT NULL starts_on NOT VALID"
    )
    op.execute("ALTER TABLE trips VALIDATE CONSTRAINT trips_starts_on_present")


def downgrade() -> None:
    op.execute("ALTER TABLE trips DROP CONSTRAINT trips_starts_on_present")
