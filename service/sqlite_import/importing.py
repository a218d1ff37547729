"""The import of the predecessor's rows: all of them, or nothing."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import psycopg2
import psycopg2.errors
from psycopg2 import extensions
from sqlalchemy.exc import SQLAlchemyError

from json_rows.errors import translate
from plain_commands.errors import ConflictError, InvalidInputError, PlainError, UnavailableError
from serverless_postgres.database import Database
from serverless_postgres.mark import Mark
from service.settings import Settings
from service.sqlite_import import settling, staging, writing
from service.sqlite_import.converter import Converter, Fields
from service.sqlite_import.keys import Keys
from service.sqlite_import.report import Report, TableReport
from service.sqlite_import.source import Source

Progress = Callable[[str, int, int], None]
"""Is told what is done now, and how much of the whole work is done: so much, of so much."""

ROWS_PER_STEP = 1000
LOCK = 0x7472_6970
"""The key of the lock that keeps a second import waiting: "trip" in ASCII."""

LOCK_TIMEOUT = "60s"
"""How long a second import waits for the first one."""

_CHANGED = (
    "Somebody changed the same rows while they were being imported, so nothing was written; run "
    "the import again."
)

_LOCK = """
    SET LOCAL statement_timeout = 0;
    SET LOCAL lock_timeout = %s;
    SELECT pg_advisory_xact_lock(%s)
"""

_SETTINGS = f"""
    {Mark(Settings.application).set_local};
    SET LOCAL lock_timeout = '10s';
    SET LOCAL idle_in_transaction_session_timeout = 0;
    SET LOCAL timezone = 'UTC';
    SET LOCAL work_mem = '64MB'
"""


def import_rows(
    database: Database,
    opened: AbstractContextManager[Source],
    *,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Import all rows of a source in one transaction, and report what became of each.

    A row that is in the database already, from an import before, is left as it is. A dry run does
    everything and takes it back, so its report is that of the run it stands for. Raises
    PlainError, with nothing written, for a source or a database that can't be used.
    """
    with opened as source, explained(), database.transaction() as connection:
        cursor: Any = connection.connection.cursor()
        tables = bring_in(cursor, source, progress)
        if dry_run:
            connection.rollback()
    return Report.of(source, tables, dry_run=dry_run)


def bring_in(
    cursor: extensions.cursor, source: Source, progress: Progress | None = None
) -> dict[str, TableReport]:
    """Import all rows of a source in the transaction of a cursor, which the caller ends.

    Raises PlainError and errors of psycopg2, to be told as `explained` does.
    """
    steps = _Steps(progress, 2 * sum(source.counts.values()))
    _lock(cursor)
    return _import(cursor, source, steps)


class _Steps:
    """How far the work is: each row is read once and written once."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self._progress = progress
        self._total = total
        self._done = 0

    def take(self, what: str, rows: int) -> None:
        self._done += rows
        if self._progress:
            self._progress(what, self._done, self._total)


def _lock(cursor: extensions.cursor) -> None:
    try:
        cursor.execute(_LOCK, (LOCK_TIMEOUT, LOCK))
    except psycopg2.errors.LockNotAvailable as error:
        message = "Another import is running; try again when it is done."
        raise ConflictError(message) from error
    cursor.execute(_SETTINGS)


def _import(cursor: extensions.cursor, source: Source, steps: _Steps) -> dict[str, TableReport]:
    staging.create_tables(cursor)
    tables = {table: TableReport() for table in source.counts}
    keys = Keys(source.identity)
    for table, report in tables.items():
        converter = Converter(table, keys)
        rows = _converted(source, table, converter, report, steps)
        staging.load(cursor, table, converter.columns, rows)
    source.close()
    for table, report in tables.items():
        steps.take(f"Comparing {table}", 0)
        report.already_there, report.changed = settling.settle_rows(cursor, table)
    settling.settle_names(cursor)
    settling.settle_node_references(cursor)
    writing.tally_workflows(cursor)
    writing.keep_vacuum_away(cursor)
    for table, report in tables.items():
        steps.take(f"Writing {table}", 0)
        report.written = writing.WRITE[table](cursor)
        steps.take(f"Writing {table}", report.read)
        report.complete(cursor, table)
        if not report.is_complete:
            # A parent was deleted between the look at it and the writing of its rows.
            raise ConflictError(_CHANGED)
    return tables


def _converted(
    source: Source, table: str, converter: Converter, report: TableReport, steps: _Steps
) -> Iterator[Fields]:
    for row in source.rows(table):
        report.read += 1
        if report.read % ROWS_PER_STEP == 0:
            steps.take(f"Reading {table}", ROWS_PER_STEP)
        yield converter.convert(report.read, row)
    source.check(table, report.read)
    steps.take(f"Reading {table}", report.read % ROWS_PER_STEP)


_TOLD: dict[int, type[PlainError]] = {
    409: ConflictError,
    422: InvalidInputError,
    503: UnavailableError,
}
"""What a person is told where a client of the API would get this status."""


@contextmanager
def explained() -> Iterator[None]:
    """Turn errors of the database into those that are told to people."""
    try:
        yield
    except (psycopg2.errors.UniqueViolation, psycopg2.errors.ForeignKeyViolation) as error:
        raise ConflictError(_CHANGED) from error
    except psycopg2.errors.DiskFull as error:
        message = (
            "The database has no room left, so nothing was written; make room, and run the import "
            "again."
        )
        raise UnavailableError(message) from error
    except (psycopg2.Error, SQLAlchemyError) as error:
        translated = translate(error)
        if translated is None:
            raise
        told = _TOLD.get(translated.status, PlainError)
        raise told(translated.detail) from error
