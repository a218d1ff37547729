"""Where trips are imported from: a SQLite file, another database, tables in the same one."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from psycopg2 import extensions

from plain_commands.errors import InvalidInputError
from serverless_postgres.database import Database
from service.sqlite_import.aside_schema import ASIDE
from service.sqlite_import.predecessor import COLUMNS, EXPECTED, OWN, Predecessor
from sqlite_to_postgres import Source, postgres_database, postgres_tables, sqlite_file
from sqlite_to_postgres.expected import Found

_IS_ASIDE = """
    SELECT EXISTS (SELECT FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
                   WHERE relname = ANY(%s) AND nspname = %s)
"""


def open_file(path: Path) -> AbstractContextManager[Source]:
    """Open a SQLite file of the predecessor's; see sqlite_to_postgres."""
    return sqlite_file.open_file(path, EXPECTED)


@contextmanager
def open_database(url: str, target: Database) -> Iterator[Source]:
    """Open another database; InvalidInputError if it is the `target` itself, or of this service."""
    with postgres_database.open_database(
        url,
        EXPECTED,
        target.settings,
        application_name="trip-planner import",
        refuse=_refuse,
    ) as tables:
        with target.transaction() as connection:
            cursor: Any = connection.connection.cursor()
            is_same = postgres_tables.place_of(cursor) == tables.place()
        if is_same:
            message = (
                f"{tables.name} is the very database of this service: `flask db adopt` takes over "
                "the prototype's tables in it, where they are."
            )
            raise InvalidInputError(message)
        yield tables


def open_tables(
    connection: extensions.connection, schema: str | None = None, *, name: str
) -> AbstractContextManager[Source]:
    """Open the predecessor's tables in the transaction of a connection; see sqlite_to_postgres."""
    return postgres_tables.open_tables(connection, EXPECTED, schema, name=name, refuse=_refuse)


def _refuse(cursor: extensions.cursor, found: Found, schema: str) -> str | None:
    if Predecessor.recognised(found) or not any(OWN in found[table] for table in COLUMNS):
        return None
    said = f"holds the tables of this service in its schema {schema}"
    cursor.execute(_IS_ASIDE, (list(COLUMNS), ASIDE))
    if cursor.fetchone() == (False,):
        return f"{said}, and not those of its prototype."
    return (
        f"{said}; the prototype's were moved into the schema {ASIDE} (`flask db adopt`). To "
        f"read them there, add `?options=-csearch_path%3D{ASIDE}` to its URL, which must not "
        "be a pooler's."
    )
