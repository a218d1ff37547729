"""Starts a program beside the upgrade: no rollback takes that back."""
# expect: side-effect

import subprocess
import sys

import sqlalchemy as sa
from alembic import op

revision = "7c1e5a90b3d4"
down_revision = "start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("badge", sa.String(length=40)))
    subprocess.run([sys.executable, "-c", "pass"], check=True)


def downgrade() -> None:
    op.drop_column("users", "badge")
