"""Adopts a database and is killed at the n-th statement, for many n, then adopts once more.

A program of its own, because it forks: `kill_adoption.py SERVER_URL` prints, for each point, how
the process ended, what the database was then, and what after the second time, as a list of JSON.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812  by psycopg2's own names
from psycopg2.extensions import cursor as Cursor  # noqa: N812
from sqlalchemy import URL

# Before the forks: each child would take its time to import them.
import safe_migrations.execution.environment  # noqa: F401
from serverless_postgres.url import parse
from service.cli.adopt_prototype import TakingOver
from service.schema import project
from service.settings import Settings
from tests.service.sqlite_import.old_database import OldDatabase, written

EVERY = 12
"""Of the statements, which are too many; the end of the transaction is tried before and after."""


def main(server: URL) -> None:
    """Try the points, and write what came of them."""
    template = OldDatabase(server.set(database=_create(server)))
    template.execute(written("r3"))
    whole = _tried(server, template, None)
    count = whole[0]
    commits = whole[1]
    points = sorted({*range(0, count * 2, EVERY * 2 + 1), *commits})
    json.dump([_tried(server, template, point)[2] for point in points], sys.stdout)
    _drop(server, template)


def _tried(
    server: URL, template: OldDatabase, point: int | None
) -> tuple[int, list[int], list[Any]]:
    old = OldDatabase(server.set(database=_create(server, template)))
    try:
        status, count, commits = _adopt(old, point)
        # The server notices that its client is gone when it next has to do with it.
        while (
            old.value(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                "AND backend_type = 'client backend'"
            )
            > 1
        ):
            time.sleep(0.05)
        between = "old" if old.is_old else "adopted" if old.is_adopted else "neither"
        if point is not None:
            _adopt(old, None)
        return count, commits, [status, between, old.is_adopted]
    finally:
        _drop(server, old)


def _adopt(old: OldDatabase, point: int | None) -> tuple[int, int, list[int]]:
    """Adopt in a child; returns how it ended, its number of statements, and where it committed."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        count = 0
        commits: list[int] = []

        def counted(call: Callable[..., Any], *arguments: Any) -> Any:
            nonlocal count
            count += 1
            if point == count * 2 - 2:
                os.kill(os.getpid(), signal.SIGKILL)
            result = call(*arguments)
            if point == count * 2 - 1:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        class CountingCursor(Cursor):
            def execute(self, *arguments: Any) -> None:
                counted(super().execute, *arguments)

            def copy_expert(self, *arguments: Any) -> None:
                counted(super().copy_expert, *arguments)

        class CountingConnection(Connection):
            def commit(self) -> None:
                commits.extend((count * 2, count * 2 + 1))
                counted(super().commit)

        connect = psycopg2.connect
        psycopg2.connect = lambda *arguments, **options: connect(
            *arguments,
            **{
                **options,
                "connection_factory": CountingConnection,
                "cursor_factory": CountingCursor,
            },
        )
        sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: PTH123, SIM115  ends with the child
        TakingOver(old.url, Settings(), project(), dry_run=False, say=lambda _: None).run()
        os.write(writing, json.dumps([count, commits]).encode())
        os._exit(0)
    os.close(writing)
    _, status = os.waitpid(child, 0)
    with os.fdopen(reading) as answer:
        said = answer.read()
    count, commits = json.loads(said) if said else (0, [])
    return status, count, commits


def _create(server: URL, template: OldDatabase | None = None) -> str:
    name = f"killed_{uuid4().hex[:12]}"
    of = f"TEMPLATE {template.url.database}" if template else ""
    OldDatabase(server).execute(f"CREATE DATABASE {name} {of} STRATEGY file_copy")
    return name


def _drop(server: URL, database: OldDatabase) -> None:
    OldDatabase(server).execute(f"DROP DATABASE {database.url.database} WITH (FORCE)")


if __name__ == "__main__":
    main(parse(sys.argv[1]))
