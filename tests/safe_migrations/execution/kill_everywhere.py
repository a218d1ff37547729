"""Upgrades a database and is killed at the n-th statement, for every n, then upgrades once more.

A program of its own, because it forks: `kill_everywhere.py FOLDER SERVER_URL` prints, for each
point, how the process ended and whether the second upgrade made the same as one that nobody cut
off, as a list of JSON. Each statement is a point twice: before it runs, and after it.
"""

import json
import os
import signal
import sys
from typing import Any

import psycopg2
from psycopg2.extensions import cursor as Cursor  # noqa: N812  a class by psycopg2's own name
from sqlalchemy import URL, create_engine, pool

from safe_migrations.runner import run
from serverless_postgres.url import parse
from service.schema import project

STATE = """
    SELECT jsonb_agg(line ORDER BY line) FROM (
        SELECT format('%%s.%%s %%s %%s', relname, attname, format_type(atttypid, -1), attnotnull)
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND attnum > 0
        WHERE relnamespace = 'public'::regnamespace AND NOT attisdropped
        UNION ALL SELECT format('%%s valid %%s', pg_get_indexdef(indexrelid), indisvalid)
        FROM pg_index JOIN pg_class c ON c.oid = indrelid
        WHERE relnamespace = 'public'::regnamespace
        UNION ALL SELECT format('%%s %%s', conname, pg_get_constraintdef(oid)) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace
        UNION ALL SELECT 'done ' || note FROM done
        UNION ALL SELECT 'at ' || version_num FROM alembic_version
    ) AS lines(line) WHERE line NOT LIKE '%%schema_progress%%'
"""


def main(folder: str, server: URL) -> None:
    """Try every point, and write what came of it."""
    with _database(server) as url:
        # Here, not in a child: what an upgrade imports is then imported once, before the forks.
        engine = create_engine(url, poolclass=pool.NullPool)
        run(project().at(folder), "upgrade", "head", quiet=True, connection=engine)
    expected, points = _state_after(folder, server, None)
    outcomes = []
    for point in range(points * 2):
        state, status = _state_after(folder, server, point)
        outcomes.append([status, state == expected])
    json.dump(outcomes, sys.stdout)


def _state_after(folder: str, server: URL, point: int | None) -> tuple[Any, int]:
    with _database(server) as url:
        status = _upgrade(folder, url, point)
        if point is not None:
            _upgrade(folder, url, None)
        return _query(url, STATE), status


def _upgrade(folder: str, url: URL, point: int | None) -> int:
    """Upgrade in a child; returns the number of its statements, or minus the signal."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        count = 0

        class Counting(Cursor):
            def execute(self, *arguments: Any) -> None:
                nonlocal count
                if point == count * 2:
                    os.kill(os.getpid(), signal.SIGKILL)
                super().execute(*arguments)
                if point == count * 2 + 1:
                    os.kill(os.getpid(), signal.SIGKILL)
                count += 1

        arguments = {"cursor_factory": Counting}
        engine = create_engine(url, poolclass=pool.NullPool, connect_args=arguments)
        run(project().at(folder), "upgrade", "head", quiet=True, connection=engine)
        os.write(writing, str(count).encode())
        os._exit(0)
    os.close(writing)
    _, status = os.waitpid(child, 0)
    with os.fdopen(reading) as answer:
        said = answer.read()
    return int(said) if status == 0 else -status


def _query(url: URL, statement: str) -> Any:
    connection = psycopg2.connect(
        url.set(drivername="postgresql").render_as_string(hide_password=False)
    )
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(statement, ())
        found = cursor.fetchone() if cursor.description else None
    connection.close()
    return found[0] if found else None


class _database:  # noqa: N801  a context manager
    """An empty database."""

    def __init__(self, server: URL) -> None:
        self._server = server
        self._name = f"killed_{os.getpid()}_{os.urandom(4).hex()}"

    def __enter__(self) -> URL:
        _query(self._server, f"CREATE DATABASE {self._name} STRATEGY file_copy")
        return self._server.set(database=self._name)

    def __exit__(self, *_: object) -> None:
        _query(self._server, f"DROP DATABASE {self._name} WITH (FORCE)")


if __name__ == "__main__":
    main(sys.argv[1], parse(sys.argv[2]))
