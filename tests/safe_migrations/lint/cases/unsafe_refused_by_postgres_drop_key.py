"""Drop a primary key that foreign keys lead to: fails."""
# expect: refused-by-postgres

from alembic import op

revision = "603e87ffa404"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_constraint("users_pkey", "users")


def downgrade() -> None:
    pass
