"""The adoption of the predecessor's tables where they stand, in one transaction of its caller's."""

from collections.abc import Callable
from typing import Any

from psycopg2 import extensions
from psycopg2.sql import SQL

from service.sqlite_import import aside
from service.sqlite_import.barrier import raise_barrier
from service.sqlite_import.in_place import InPlace
from service.sqlite_import.trip_import import explained
from service.sqlite_import.trip_sources import open_tables
from service.sqlite_import.trip_tables import TRIPS
from service.sqlite_import.undoing import count_rows
from sqlite_to_postgres import Progress, Report, bring_in

_LOCK = SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE")


def adopt(
    cursor: extensions.cursor,
    found: InPlace,
    upgrade: Callable[[], object],
    *,
    name: str,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Move the tables aside, let `upgrade` make the service's own, and bring the rows into them.

    All of that happens in the transaction of the cursor, which the caller ends; `name` is what
    people call the database. Raises PlainError, and errors of psycopg2 when the tables are in
    use.
    """
    cursor.execute(_LOCK.format(SQL(", ").join(map(SQL, found.moved))))
    aside.make(cursor)
    aside.move(cursor, found.moved)
    upgrade()
    connection: Any = cursor.connection
    with explained(), open_tables(connection, aside.SCHEMA, name=name) as source:
        report = Report.of(source, bring_in(cursor, source, TRIPS, progress), dry_run=dry_run)
    written = {table: of.written for table, of in report.tables.items()}
    beside = {table: rows for table, rows in count_rows(cursor).items() if rows}
    aside.mark(cursor, found.moved, {**beside, **written})
    raise_barrier(cursor)
    return report
