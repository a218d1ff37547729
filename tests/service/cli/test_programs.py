"""The installed programs: what is wrong with the settings comes first, and any folder will do."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAMS = Path(sys.executable).parent


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the project with a `.env` that PowerShell wrote."""
    root = Path(__file__).parents[3]
    folder = tmp_path_factory.mktemp("copy")
    for name in ("packages", "service", "migrations"):
        shutil.copytree(root / name, folder / name)
    for name in ("alembic.ini", "wsgi.py"):
        shutil.copy(root / name, folder)
    (folder / ".env").write_text("DATABASE_URL=postgresql://trips:s3cret@db/trips", "utf-16")
    return folder


def run(command, folder, **environment):
    program, *arguments = command.split()
    return subprocess.run(
        [str(PROGRAMS / program), *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "command",
    [
        "flask",
        "flask routes",
        "flask dev",
        "flask db heads",
        "flask db upgrade",
        "flask neon branches",
        "alembic heads",
        "alembic upgrade head",
        "python -m service.cli db history",
        "python -m service",
        "python wsgi.py",
    ],
)
def test_a_file_that_can_not_be_read_stops_every_command(copy, command):
    done = run(command, copy, PYTHONPATH=str(copy))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (f"Error: {copy}/.env is not UTF-8; save it again in that encoding.\n")


def test_another_project_s_file_that_flask_would_read_is_told_of_too(tmp_path):
    (tmp_path / ".env").write_bytes(b"A=\xff")
    done = run("flask routes", tmp_path)
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert f"{tmp_path}/.env is not UTF-8" in done.stderr


def test_alembic_works_in_any_folder(root, tmp_path):
    heads = run("alembic heads", root)
    assert (heads.returncode, "(head)" in heads.stdout) == (0, True)
    for command, folder in (
        ("alembic heads", root / "docs"),
        ("alembic heads", tmp_path),
        (f"alembic -c {root}/alembic.ini heads", tmp_path),
    ):
        done = run(command, folder)
        assert (done.returncode, done.stdout) == (0, heads.stdout), done.stderr


def test_alembic_s_own_projects_stay_theirs(tmp_path):
    assert run("alembic init migrations", tmp_path).returncode == 0
    assert (tmp_path / "alembic.ini").exists()
    done = run("alembic heads", tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
