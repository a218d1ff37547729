"""`flask db import-predecessor`: brings the predecessor's rows from a file or another database."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from plain_commands.errors import InvalidInputError
from safe_migrations.commands.command import Result, command
from service.settings import Settings
from sqlite_to_postgres.progress import progress_of
from sqlite_to_postgres.report_text import as_text

if TYPE_CHECKING:  # At run time, no other command of `flask db` should wait a second for them.
    from serverless_postgres.database import Database
    from sqlite_to_postgres import Report

# Also what somebody may paste who has a database in mind: it has a password, so it is no file whose
# name is shown.
_URL = re.compile(r"[\w+.-]+:/|\s*['\"]?postgres|\s*psql\s|\s*(host|dbname|user|port|password)\s*=")
_DRY_RUN = click.option("--dry-run", is_flag=True, help="Do everything, then take it back.")
_DOING = "Opening the source and the database"


@command(click.argument("source"), _DRY_RUN, migrations=False, doing=_DOING)
def import_predecessor(source: str, *, dry_run: bool) -> Result:
    """Import the rows of the predecessor, all of them or nothing.

    SOURCE is its SQLite file, or the URL of the Postgres database with its tables. Rows that were
    imported before are left as they are, so it may be run again with a newer state of the same
    source. The report accounts for every row. A password that is not to be seen in the list of
    processes can be left out of the URL: PGPASSWORD and ~/.pgpass are asked.

    Example: flask db import-predecessor postgresql://planner@host/planner --dry-run
    """
    report = _imported(source, dry_run=dry_run)
    return Result(report.as_json(), as_text(report, "legacy id"))


@command(click.argument("file"), _DRY_RUN, migrations=False, doing=_DOING)
def import_sqlite(file: str, *, dry_run: bool) -> Result:
    """Import the SQLite file of the predecessor: import-predecessor, for files only.

    Example: flask db import-sqlite trip_planner.db --dry-run
    """
    if _is_url(file):
        message = "This is no file: `flask db import-predecessor` takes the URL of a database."
        raise InvalidInputError(message)
    report = _imported(file, dry_run=dry_run)
    return Result({"file": report.source, **report.as_json()}, as_text(report, "legacy id"))


def _imported(source: str, *, dry_run: bool) -> "Report":
    from serverless_postgres.url import masked  # noqa: PLC0415
    from service.sqlite_import import import_rows, open_database, open_file  # noqa: PLC0415

    is_url = _is_url(source)
    with _database() as database, progress_of(masked(source) if is_url else source) as progress:
        opened = open_database(source, database) if is_url else open_file(Path(source))
        return import_rows(database, opened, dry_run=dry_run, progress=progress)


def _is_url(source: str) -> bool:
    return _URL.match(source) is not None and not Path(source).is_file()


@contextmanager
def _database() -> Iterator["Database"]:
    """Use the database past the pooler, as for schema changes: this is one long transaction."""
    from serverless_postgres.database import Database  # noqa: PLC0415
    from serverless_postgres.url import resolve  # noqa: PLC0415

    settings = Settings.load()
    url = resolve(settings, direct=True).render_as_string(hide_password=False)
    database = Database(replace(settings, database_url=url))
    try:
        yield database
    finally:
        database.dispose()
