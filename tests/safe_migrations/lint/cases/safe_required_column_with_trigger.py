"""Require a new column that a trigger fills for INSERTs which leave it out."""
# expect: none

import sqlalchemy as sa
from alembic import op

revision = "d8c92241ee8e"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("events", sa.Column("kind", sa.Text()))
    op.execute(
        "CREATE FUNCTION events_kind() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN new.kind "
        ":= coalesce(new.kind, new.name); RETURN new; END'"
    )
    op.execute(
        "CREATE TRIGGER events_kind BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION "
        "events_kind()"
    )
    op.execute("ALTER TABLE events ADD CONSTRAINT events_kind_present NOT NULL kind NOT VALID")


def downgrade() -> None:
    op.execute("DROP TRIGGER events_kind ON events")
    op.execute("DROP FUNCTION events_kind()")
    op.drop_column("events", "kind")
