"""A copy of the project, in which commands may change files, with a database of its own."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import cache_from_source
from pathlib import Path

import pytest

from serverless_postgres.embedded import EmbeddedPostgres, binaries
from serverless_postgres.embedded_visitor import NAME
from serverless_postgres.url import parse
from tests.conftest import execute
from tests.docs.warm_programs import warm_environment

# What would lead the commands elsewhere than to the copy's own database.
ELSEWHERE = (
    "PYTHON",
    "DATABASE_URL",
    "DIRECT_DATABASE_URL",
    "APP_ENV",
    "NEON_API_KEY",
    "NEON_PROJECT_ID",
    "NEON_BRANCH_ID",
)


@dataclass(frozen=True, slots=True)
class Project:
    """A copy of the project's files, and the URL of its embedded database."""

    folder: Path
    url: str
    environment: Mapping[str, str]

    def run(self, script: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a script of bash in the folder; the first command that fails ends it."""
        return subprocess.run(
            ["/usr/bin/env", "bash", "-euo", "pipefail", "-c", script],
            cwd=self.folder,
            env={**self.environment, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )

    def copy_to(self, branch_id: str) -> str:
        """Copy the database for a branch, as Neon would; returns the URL of the copy."""
        database = parse(self.url)
        name = branch_id.replace("-", "_")
        execute(database, f"CREATE DATABASE {name} TEMPLATE {database.database}")
        copied = database.set(drivername="postgresql", database=name)
        return copied.render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A virtual environment whose programs start at once."""
    with warm_environment(tmp_path_factory.mktemp("warm")) as environment:
        yield environment


@pytest.fixture
def project(root: Path, tmp_path: Path, warm: Path) -> Iterator[Project]:
    """A copy of what git knows and does not ignore, served by the same virtual environment."""
    folder = tmp_path / "project"
    listed = subprocess.run(
        ["/usr/bin/env", "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        # What is compiled already comes along; it holds for a source of the same time.
        for file in (name, cache_from_source(name)):
            if (root / file).is_file():
                (folder / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(root / file, folder / file)
    (folder / ".venv").symlink_to(warm)
    kept = {name: value for name, value in os.environ.items() if name not in ELSEWHERE}
    # Before the editable installation, which leads to the original.
    path = [str(warm / "bin"), str(binaries()), kept["PATH"]]
    place = folder / "instance" / "postgres"
    with EmbeddedPostgres(place, durable=False, database="trip_planner") as url:
        environment = kept | {
            "PYTHONPATH": f"{folder}{os.pathsep}{folder / 'packages'}",
            "PYTHONUNBUFFERED": "1",
            "PATH": os.pathsep.join(path),
        }
        yield Project(folder, url, environment)
        # Those of `flask db url` would use the server for another minute.
        execute(
            parse(url),
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            f"WHERE application_name = '{NAME}'",
        )
