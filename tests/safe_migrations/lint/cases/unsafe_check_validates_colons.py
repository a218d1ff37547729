"""A CHECK with colons, which are no parameters."""
# expect: check-validates

from alembic import op

revision = "326bae162b14"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "ALTER TABLE users ADD CONSTRAINT ck_users_bio CHECK (bio <> 'a \\:b' OR phone = '12:30')"
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_users_bio"), "users", type_="check")
