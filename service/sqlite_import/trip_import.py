"""The import of trips: all rows of a source, or nothing."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import psycopg2
import psycopg2.errors
from sqlalchemy.exc import SQLAlchemyError

from json_rows.errors import translate
from plain_commands.errors import (
    ConfigurationError,
    ConflictError,
    InvalidInputError,
    PlainError,
    UnavailableError,
)
from serverless_postgres.database import Database
from service.sqlite_import.trip_tables import TRIPS
from sqlite_to_postgres import Progress, Report, Source, bring_in
from sqlite_to_postgres.importing import CHANGED


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
    with explained(), opened as source, database.transaction() as connection:
        cursor: Any = connection.connection.cursor()
        tables = bring_in(cursor, source, TRIPS, progress)
        if dry_run:
            connection.rollback()
    return Report.of(source, tables, dry_run=dry_run)


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
        raise ConflictError(CHANGED) from error
    except (psycopg2.errors.UndefinedTable, psycopg2.errors.UndefinedColumn) as error:
        message = "The database schema is not up to date: run `flask db upgrade`."
        raise ConfigurationError(message) from error
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
