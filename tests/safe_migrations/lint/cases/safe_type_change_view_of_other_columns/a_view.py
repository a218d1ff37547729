"""Make views of other columns of the same names, and one that counts."""

from alembic import op

revision = "ffb0656d840d"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE VIEW names AS SELECT username, count(*) FROM users GROUP BY username")
    op.execute(
        "CREATE VIEW titles AS SELECT t.title FROM trips t WHERE EXISTS (SELECT FROM users "
        "WHERE users.id = t.user_id)"
    )


def downgrade() -> None:
    op.execute("DROP VIEW titles, names")
