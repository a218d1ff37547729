"""The adoption of the predecessor's tables where they stand, in one transaction of its caller's."""

from collections.abc import Callable
from typing import Any

from psycopg2 import extensions
from psycopg2.sql import SQL
from sqlmodel import SQLModel

import service.models  # noqa: F401  the tables register themselves in the metadata
from safe_migrations.adoption import InPlace, Takeover, aside, count_rows, raise_barrier
from serverless_postgres.mark import Mark
from service.settings import Settings
from service.sqlite_import.aside_schema import ASIDE
from service.sqlite_import.predecessor import COLUMNS, Predecessor
from service.sqlite_import.trip_import import explained
from service.sqlite_import.trip_sources import open_tables
from service.sqlite_import.trip_tables import TRIPS
from sqlite_to_postgres import Progress, Report, bring_in

_MARK = Mark(Settings.application)

TAKEOVER = Takeover(
    tables=tuple(COLUMNS),
    metadata=SQLModel.metadata,
    recognise=Predecessor.recognised,
    is_ours=_MARK.is_ours,
    setting=_MARK.setting,
    owner="the trip planner service",
    adopt="flask db adopt",
    bring="flask db import-predecessor",
    schema=ASIDE,
    trigger="keep_out_the_old_planner",
    older="the prototype",
    program="the old planner",
    application_name="trip-planner adoption",
    # Kept answers are of requests whose rows are looked at themselves; keys are no use without the
    # service, nor is what is noted of them.
    unguarded=("idempotency_keys", "api_keys", "audit_events"),
)
"""What is taken over from the prototype."""

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
    aside.make(cursor, TAKEOVER)
    aside.move(cursor, TAKEOVER, found.moved)
    upgrade()
    connection: Any = cursor.connection
    with explained(), open_tables(connection, ASIDE, name=name) as source:
        report = Report.of(source, bring_in(cursor, source, TRIPS, progress), dry_run=dry_run)
    written = {table: of.written for table, of in report.tables.items()}
    beside = {table: rows for table, rows in count_rows(cursor, TAKEOVER).items() if rows}
    aside.mark(cursor, TAKEOVER, found.moved, {**beside, **written})
    raise_barrier(cursor, TAKEOVER)
    return report
