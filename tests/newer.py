"""The schema of a release after this one: revisions that leave the code of this one running."""

import shutil
from pathlib import Path

from safe_migrations.revisions import heads, write
from service.schema import project
from service.settings import ROOT

HEAD = "newer_empty"
NOTHING = "\n    pass\n"

_REVISIONS = {
    "newer_columns": """
    op.add_column("users", sa.Column("newer", sa.Text(), nullable=True))
    op.add_column("workflows", sa.Column("newer", sa.Integer(), server_default="1", nullable=False))
    op.execute("ALTER TABLE nodes ALTER node_name DROP NOT NULL")
""",
    "newer_table": """
    op.create_table(
        "newer",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("user_id", sa.Uuid(), sa.ForeignKey("users.id", ondelete="CASCADE"), index=True),
    )
""",
    HEAD: NOTHING,
}
_BACK = """
    op.drop_table("newer")
    op.drop_column("users", "newer")
    op.drop_column("workflows", "newer")
    op.execute("ALTER TABLE nodes ALTER node_name SET NOT NULL")
"""


def newer_migrations(folder: Path) -> Path:
    """Make a folder of migrations, as the code of the next release has it; returns the folder."""
    shutil.copytree(ROOT / "migrations", folder, ignore=shutil.ignore_patterns("__pycache__"))
    (after,) = heads(project().versions)
    for revision, upgrade in _REVISIONS.items():
        downgrade = _BACK if revision == "newer_columns" else NOTHING
        add_revision(folder, revision, after, upgrade=upgrade, downgrade=downgrade)
        after = revision
    return folder


def add_revision(
    folder: Path,
    revision: str,
    after: str | None,
    *,
    upgrade: str = NOTHING,
    downgrade: str = NOTHING,
    top: str = "",
) -> None:
    """Write a revision into a folder of migrations; `top` are constants of it."""
    lines = (
        f'"""{revision}."""',
        "import sqlalchemy as sa\nfrom alembic import op",
        f"{top}revision = {revision!r}\ndown_revision = {after!r}",
        "branch_labels = depends_on = None",
        f"def upgrade():{upgrade}",
        f"def downgrade():{downgrade}",
    )
    write(folder / "versions" / f"{revision}.py", "\n\n".join(lines))
