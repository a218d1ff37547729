"""What a connection holds and sees of tables, asked by itself or by another one meanwhile.

Facts: PostgreSQL 18, 53.12 "pg_locks" and 52.11 "pg_class" (relfilenode).
"""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import psycopg2
from sqlalchemy import Engine

from safe_migrations.lint.locks import Lock
from safe_migrations.tool_tables import TOOL_TABLES

# Indexes and TOAST are left out: their locks go with their table's.
_TABLES = """
    SELECT c.oid, c.oid::regclass::text, c.relfilenode
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'm', 'v', 'f') AND c.relpersistence <> 't'
      AND n.nspname <> 'information_schema' AND NOT starts_with(n.nspname, 'pg_')
      AND c.relname <> ALL (%s)
"""
_LOCKS = """
    SELECT relation, mode FROM pg_locks
    WHERE pid = coalesce(%s, pg_backend_pid()) AND locktype = 'relation' AND granted
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


@dataclass(frozen=True, slots=True)
class Look:
    """Tables by oid, with name and the number of their file, and the locks held on relations.

    Without the tables in which schema changes are recorded.
    """

    names: dict[int, str] = field(default_factory=dict)
    files: dict[int, int] = field(default_factory=dict)
    locks: dict[int, Lock] = field(default_factory=dict)


def look(connection: Any) -> Look:
    """Ask a psycopg2 connection itself: others don't see what it has not committed."""
    with connection.cursor() as cursor:
        cursor.execute(_TABLES, (list(TOOL_TABLES),))
        rows = cursor.fetchall()
        return Look(
            {oid: name for oid, name, _ in rows},
            {oid: file for oid, _, file in rows},
            _locks(cursor),
        )


def _locks(cursor: Any, pid: int | None = None) -> dict[int, Lock]:
    cursor.execute(_LOCKS, (pid,))
    found: dict[int, Lock] = {}
    for relation, mode in cursor.fetchall():
        found[relation] = max(_lock(mode), found.get(relation, Lock.ACCESS_SHARE))
    return found


def _lock(mode: str) -> Lock:
    """Read a mode as pg_locks writes it: `ShareUpdateExclusiveLock`."""
    words = re.findall("[A-Z][a-z]+", mode.removesuffix("Lock"))
    return Lock["_".join(words).upper()]


@contextmanager
def sampled(engine: Engine, pid: int) -> Iterator[dict[int, Lock]]:
    """Watch from another connection which locks a process holds; filled when the block ends.

    For statements outside of a transaction, whose locks are gone when they are over.
    """
    found: dict[int, Lock] = {}
    is_over = threading.Event()
    dialect = engine.dialect
    arguments, options = dialect.create_connect_args(engine.url)
    connection: Any = dialect.connect(*arguments, **options)
    connection.autocommit = True

    def watch() -> None:
        # The statement itself tells what is wrong with the database.
        with suppress(psycopg2.Error), connection.cursor() as cursor:
            while not is_over.is_set():
                for relation, lock in _locks(cursor, pid).items():
                    found[relation] = max(lock, found.get(relation, lock))
                is_over.wait(0.001)

    thread = threading.Thread(target=watch, name="rehearsal-locks", daemon=True)
    thread.start()
    try:
        yield found
    finally:
        is_over.set()
        thread.join()
        connection.close()
