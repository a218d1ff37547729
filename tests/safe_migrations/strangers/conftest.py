"""Strangers' applications: folders with an app.py, and the commands that they run there."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import URL

Answers = list[tuple[int, str]]


@pytest.fixture
def environ(empty_database: URL, root: Path) -> dict[str, str]:
    """An environment with nothing but DATABASE_URL, and where the packages are."""
    url = empty_database.set(drivername="postgresql").render_as_string(hide_password=False)
    return {
        "DATABASE_URL": url,
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(root / "packages"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


@pytest.fixture
def flask_db(tmp_path: Path, root: Path, environ: dict[str, str]) -> Callable[..., Answers]:
    """Run commands of `flask --app app db` in the folder; returns exit codes and outputs."""

    def run(*commands: str, app: str = "app") -> Answers:
        done = subprocess.run(
            [sys.executable, root / "tests" / "safe_migrations" / "strangers" / "commands.py", app],
            input="\n".join(commands),
            cwd=tmp_path,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return [(code, said) for code, said in json.loads(done.stdout)]

    return run


@pytest.fixture
def alembic(tmp_path: Path, environ: dict[str, str]) -> Callable[..., tuple[int, str]]:
    """Run Alembic's own program in the folder; returns its exit code and what it said."""

    def run(*arguments: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "alembic", *arguments],
            cwd=tmp_path,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout

    return run
