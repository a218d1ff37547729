"""Few rows, by their keys, said in other ways."""
# expect: none

import sqlalchemy as sa
from alembic import op

revision = "c6583291385e"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    bind = op.get_bind()
    op.execute("UPDATE users SET bio = '-' WHERE id BETWEEN 1 AND 50")
    op.execute("UPDATE users SET bio = '-' WHERE id = 1 OR id IN (2, 3)")
    op.execute("UPDATE users SET bio = '-' WHERE 'root' = username")
    op.execute("UPDATE users SET bio = '-' WHERE false")
    op.execute("DELETE FROM measurements WHERE (id, recorded_at) IN ((1, '2025-01-01'))")
    bind.execute(sa.text("UPDATE users SET bio = '-' WHERE id = ANY(:ids)"), {"ids": [1, 2]})
    bind.exec_driver_sql("UPDATE users SET bio = %(b)s WHERE id = %(id)s", {"b": "a:b", "id": 1})


def downgrade() -> None:
    pass
