"""A table of many rows to rehearse on, and a look at the server's databases."""

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from sqlalchemy import URL

from safe_migrations.rehearsal.report import Rehearsal
from safe_migrations.rehearsal.run import Plan
from safe_migrations.rehearsal.run import rehearse as play
from safe_migrations.target import Target
from service.schema import project
from service.settings import Settings
from tests.safe_migrations.conftest import Migrations

ROWS = 100_000


@pytest.fixture
def query(server: URL) -> Callable[..., list[Any]]:
    """Run a query on the server, or on another URL; returns its rows."""

    def query(sql: str, url: URL = server) -> list[Any]:
        text = url.set(drivername="postgresql").render_as_string(hide_password=False)
        with closing(psycopg2.connect(text)) as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()

    return query


@pytest.fixture
def is_there(query: Callable[..., list[Any]]) -> Callable[[str], bool]:
    """Tell whether there is a database of the name with which a copy's description ends."""

    def is_there(description: str) -> bool:
        name = description.rsplit(maxsplit=1)[-1]
        assert "rehearsal_" in name
        return bool(query(f"SELECT 1 FROM pg_database WHERE datname = '{name}'"))

    return is_there


@pytest.fixture
def things(migrations: Migrations, execute: Callable[..., None]) -> Migrations:
    """A database with a table of 100,000 rows, at the revision that made it."""
    migrations.write(
        "made", 'op.execute("CREATE TABLE things (id int PRIMARY KEY, size int, name text)")'
    )
    migrations.run("upgrade", "head")
    execute(
        migrations.url,
        f"INSERT INTO things SELECT n, n, 'thing ' || n FROM generate_series(1, {ROWS}) n",
    )
    return migrations


@pytest.fixture
def told() -> list[str]:
    """What a rehearsal says besides its report."""
    return []


@pytest.fixture
def rehearse(things: Migrations, told: list[str]) -> Callable[..., Rehearsal | None]:
    """Rehearse what a test has written on top."""

    def rehearse(settings: Settings | None = None, **plan: Any) -> Rehearsal | None:
        database = Target("-x url", things.url)
        chosen = Plan(project(settings or Settings()).at(things.folder), x=things.x, **plan)
        return play(chosen, database, told.append)

    return rehearse


@pytest.fixture
def one(things: Migrations) -> Migrations:
    """One pending revision, which can be undone."""
    things.write("one", 'op.execute("CREATE TABLE one ()")', 'op.execute("DROP TABLE one")')
    return things


@pytest.fixture
def start_rehearsal(
    root: Path, things: Migrations
) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start `flask db rehearse` in a process of its own, with variables of its environment."""
    command = [str(Path(sys.executable).parent / "flask"), "db", "rehearse"]
    command += ["-d", str(things.folder), "-x", things.x[0]]
    started = []

    def start_rehearsal(**variables: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            command,
            cwd=root,
            env={**os.environ, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start_rehearsal
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def sleeping(things: Migrations, query: Callable[..., list[Any]]) -> Callable[[], str]:
    """Add a revision that hangs in a statement; wait until it does, and name its database."""
    seconds = f"{60 + random.random():.9f}"  # noqa: S311  to tell it from others' statements
    things.write(
        "sleeps", f'op.execute("ALTER TABLE things ADD more int; SELECT pg_sleep({seconds})")'
    )

    def sleeping() -> str:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            found = query(
                "SELECT datname FROM pg_stat_activity WHERE state = 'active'"
                f" AND query LIKE '%pg_sleep({seconds})%' AND pid <> pg_backend_pid()"
            )
            if found:
                return found[0][0]
            time.sleep(0.05)
        pytest.fail("the revision never ran")

    return sleeping


@pytest.fixture
def killed(
    things: Migrations,
    sleeping: Callable[[], str],
    start_rehearsal: Callable[..., subprocess.Popen[str]],
    query: Callable[..., list[Any]],
) -> str:
    """The name of the copy that a killed rehearsal has left; its revision is gone, too."""
    process = start_rehearsal()
    name = sleeping()
    process.kill()
    process.wait()
    (things.folder / "versions" / "sleeps.py").unlink()
    things.last = "made"
    deadline = time.monotonic() + 20
    others = f"SELECT 1 FROM pg_stat_activity WHERE datname = '{things.url.database}'"
    while query(others):
        assert time.monotonic() < deadline
    return name
