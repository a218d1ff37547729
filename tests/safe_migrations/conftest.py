"""Folders of revisions made up for a test, and empty databases to run them on."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

import pytest
from sqlalchemy import URL, Engine, create_engine

from safe_migrations.project import Project
from safe_migrations.revisions import write
from safe_migrations.runner import run
from service.schema import project


@pytest.fixture
def engine(empty_database: URL) -> Iterator[Engine]:
    """An engine on the database without any table."""
    engine = create_engine(empty_database)
    yield engine
    engine.dispose()


@pytest.fixture
def fetch(engine: Engine) -> Callable[[str], list[Any]]:
    """Run a query and return its rows as tuples."""

    def fetch(sql: str) -> list[Any]:
        with engine.connect() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(sql)]

    return fetch


@dataclass
class Migrations:
    """A folder of migrations with this project's env.py and revisions made up by a test."""

    folder: Path
    url: URL
    last: str | None = field(default=None)

    def write(self, revision: str, upgrade: str, downgrade: str = "pass", **more: Any) -> str:
        """Write a revision that follows the last one (or `after`); returns its id."""
        after = more.get("after", self.last)
        body = (
            f'"""{more.get("title", revision)}."""\n\nimport sqlalchemy as sa\n'
            f"from alembic import op\n{dedent(more.get('top', ''))}\n"
            f"revision = {revision!r}\ndown_revision = {after!r}\n"
            "branch_labels = None\ndepends_on = None\n\n\n"
            f"def upgrade() -> None:\n{indent(dedent(upgrade).strip(), '    ')}\n\n\n"
            f"def downgrade() -> None:\n{indent(dedent(downgrade).strip(), '    ')}\n"
        )
        write(self.folder / "versions" / f"{revision}.py", body)
        self.last = revision
        return revision

    @property
    def project(self) -> Project:
        """The service's project, with this folder in the place of its own."""
        return project().at(self.folder)

    @property
    def x(self) -> tuple[str]:
        """The argument for env.py that names the database."""
        return (f"url={self.url.render_as_string(hide_password=False)}",)

    def run(self, name: str, *arguments: object, **options: Any) -> None:
        """Run one of Alembic's commands on the folder and the database, quietly."""
        run(self.project, name, *arguments, x=self.x, quiet=True, **options)


@pytest.fixture
def migrations(tmp_path: Path, root: Path, empty_database: URL) -> Migrations:
    """A folder without revisions, for the database without tables."""
    folder = tmp_path / "migrations"
    (folder / "versions").mkdir(parents=True)
    for name in ("env.py", "script.py.mako"):
        shutil.copy(root / "migrations" / name, folder)
    return Migrations(folder, empty_database)
