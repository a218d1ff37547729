"""All rows, with the parameters of the driver."""
# expect: data-change-with-ddl

from alembic import op

revision = "04079838e0fb"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.get_bind().exec_driver_sql("UPDATE users SET bio = %s WHERE bio LIKE '50%%'", ("-",))


def downgrade() -> None:
    pass
