"""The import of a source's rows: all of them, or nothing."""

from collections.abc import Callable, Iterator

import psycopg2.errors
from psycopg2 import extensions

from plain_commands.errors import ConflictError
from sqlite_to_postgres import settling, staging, writing
from sqlite_to_postgres.converter import Converter
from sqlite_to_postgres.keys import Keys
from sqlite_to_postgres.report import TableReport
from sqlite_to_postgres.source import Source
from sqlite_to_postgres.table_import import Fields, Import, TableImport

Progress = Callable[[str, int, int], None]
"""Is told what is done now, and how much of the whole work is done: so much, of so much."""

ROWS_PER_STEP = 1000

LOCK_TIMEOUT = "60s"
"""How long a second import waits for the first one."""

CHANGED = (
    "Somebody changed the same rows while they were being imported, so nothing was written; run "
    "the import again."
)

_LOCK = """
    SET LOCAL statement_timeout = 0;
    SET LOCAL lock_timeout = %s;
    SELECT pg_advisory_xact_lock(%s)
"""

_SETTINGS = """
    SET LOCAL lock_timeout = '10s';
    SET LOCAL idle_in_transaction_session_timeout = 0;
    SET LOCAL timezone = 'UTC';
    SET LOCAL work_mem = '64MB';
"""


def bring_in(
    cursor: extensions.cursor, source: Source, plan: Import, progress: Progress | None = None
) -> dict[str, TableReport]:
    """Import all rows of a source in the transaction of a cursor, and report on each table.

    A row that is in the database already, from an import before, is left as it is. The caller ends
    the transaction: a rollback makes it a dry run. Raises ConflictError while another import is
    running, InvalidInputError for a source that can't be read to its end, and errors of psycopg2.
    """
    steps = _Steps(progress, 2 * sum(source.counts.values()))
    try:
        cursor.execute(_LOCK, (LOCK_TIMEOUT, plan.lock))
    except psycopg2.errors.LockNotAvailable as error:
        message = "Another import is running; try again when it is done."
        raise ConflictError(message) from error
    # nosemgrep: sql-of-pieces  the importing program's own
    cursor.execute(_SETTINGS + plan.setup)
    return _import(cursor, source, plan, steps)


class _Steps:
    """How far the work is: each row is read once and written once.

    What is made of rows that were counted already is no further work.
    """

    def __init__(self, progress: Progress | None, total: int) -> None:
        self._progress = progress
        self._total = total
        self._done = 0

    def take(self, what: str, rows: int) -> None:
        self._done += rows
        if self._progress:
            self._progress(what, self._done, self._total)


def _import(
    cursor: extensions.cursor, source: Source, plan: Import, steps: _Steps
) -> dict[str, TableReport]:
    staging.create_tables(cursor, plan.tables)
    reports = {table.name: TableReport() for table in plan.tables}
    keys = Keys(plan.namespace, source.identity)
    for table in plan.tables:
        converter = Converter(table, keys)
        rows = _converted(source, table, converter, reports[table.name], steps)
        staging.load(cursor, table.name, converter.columns, rows)
    source.close()
    for table in plan.tables:
        steps.take(f"Comparing {table.name}", 0)
        report = reports[table.name]
        report.already_there, report.changed = settling.settle_rows(cursor, table)
    if plan.settle:
        plan.settle(cursor)
    writing.keep_vacuum_away(cursor, plan.tables)
    for table in plan.tables:
        _write(cursor, table, reports[table.name], steps)
    return reports


def _write(
    cursor: extensions.cursor, table: TableImport, report: TableReport, steps: _Steps
) -> None:
    steps.take(f"Writing {table.name}", 0)
    report.written = writing.write(cursor, table)
    steps.take(f"Writing {table.name}", 0 if table.made_of else report.read)
    report.complete(cursor, table.name)
    if not report.is_complete:
        # A parent was deleted between the look at it and the writing of its rows.
        raise ConflictError(CHANGED)


def _converted(
    source: Source, table: TableImport, converter: Converter, report: TableReport, steps: _Steps
) -> Iterator[Fields]:
    read, counted = 0, 0 if table.made_of else 1
    for read, row in enumerate(source.rows(table.source), 1):
        if read % ROWS_PER_STEP == 0:
            steps.take(f"Reading {table.name}", ROWS_PER_STEP * counted)
        fields = converter.convert(read, row)
        if fields is not None:
            report.read += 1
            yield fields
    source.check(table.source, read)
    steps.take(f"Reading {table.name}", read % ROWS_PER_STEP * counted)
