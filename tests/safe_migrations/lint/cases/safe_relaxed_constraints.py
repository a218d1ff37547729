"""Drop a NOT NULL and a CHECK: nothing is read."""
# expect: none

import sqlalchemy as sa
from alembic import op

revision = "a0207328b1be"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column("trips", "title", existing_type=sa.String(200), nullable=True)
    op.drop_constraint(op.f("ck_trips_party_size"), "trips", type_="check")


def downgrade() -> None:
    op.create_check_constraint(op.f("ck_trips_party_size"), "trips", "party_size > 0")
    op.alter_column("trips", "title", existing_type=sa.String(200), nullable=False)
