"""A library's SQLite file and its tables in Postgres, as the README has them."""

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import psycopg2
import pytest
from sqlalchemy import URL

README = Path(__file__).parents[2] / "packages/sqlite_to_postgres/README.md"


def blocks(language: str) -> list[str]:
    """Return what the README has in one language."""
    return re.findall(rf"```{language}\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The file `library.db` of the README, in the temporary folder."""
    with closing(sqlite3.connect(tmp_path / "library.db")) as connection:
        connection.executescript(blocks("sql")[0])
    return tmp_path / "library.db"


@pytest.fixture
def file(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection to it."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection


@pytest.fixture
def library(server: URL, execute: Callable[..., None]) -> Iterator[str]:
    """The URL of a database with the tables of the README."""
    name = f"library_{uuid4().hex[:12]}"
    execute(server, f"CREATE DATABASE {name} STRATEGY file_copy")
    url = server.set(database=name, drivername="postgresql")
    execute(url, blocks("sql")[1])
    yield url.render_as_string(hide_password=False)
    execute(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def connection(library: str) -> Iterator[psycopg2.extensions.connection]:
    """A connection to it."""
    with closing(psycopg2.connect(library)) as connection:
        yield connection


@pytest.fixture
def bring() -> Any:
    """What the README's program declares."""
    program, _, _ = blocks("python")[0].partition("with (")
    declared: dict[str, Any] = {}
    exec(compile(program, "bring.py", "exec"), declared)  # noqa: S102  the README's own
    return SimpleNamespace(**declared)
