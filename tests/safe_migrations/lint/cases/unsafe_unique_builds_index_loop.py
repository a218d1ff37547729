"""Unique constraints in a loop: each is mended by itself."""
# expect: unique-builds-index

from alembic import op

revision = "8e29ec571ae6"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in ("phone",):
        op.create_unique_constraint(f"uq_users_{column}", "users", [column])


def downgrade() -> None:
    op.drop_constraint("uq_users_phone", "users", type_="unique")
