"""What to do about rows that are in the way of a change of the schema."""

# ruff: noqa: S608  these are sentences, which nobody runs

import re

import psycopg2
from psycopg2 import errors as pg
from sqlalchemy.dialects.postgresql.base import PGDialect

_CHANGES_SCHEMA = re.compile(r"\s*(ALTER|CREATE)\b", re.IGNORECASE)
_LACKS_VALUE = re.compile(r'invalid input value for enum (\S+): "(.*)"')
_RETYPED = re.compile(r"ALTER TABLE (\S+) ALTER COLUMN (\S+) TYPE", re.IGNORECASE)
_PREPARER = PGDialect().identifier_preparer  # type: ignore[no-untyped-call]
_AGAIN = "then run the command again."


def way_out(error: BaseException, statement: str) -> str:
    """Say what to do with the rows for which a statement has failed; nothing for other errors."""
    if not isinstance(error, psycopg2.Error) or not _CHANGES_SCHEMA.match(statement):
        return ""
    said = error.diag
    table, column = _quoted(said.table_name, said.schema_name), _quoted(said.column_name)
    match error:
        case pg.NotNullViolation() if column:
            return (
                f"Fill these rows first (UPDATE {table} SET {column} = ... WHERE "
                f"{column} IS NULL; on a big table a Backfill in the revision, before "
                f"this statement), {_AGAIN}"
            )
        case pg.CheckViolation() | pg.ForeignKeyViolation():
            return (
                f"Correct or delete the rows of {table} that break it, which "
                f"`flask db doctor` shows how to find where it is NOT VALID, {_AGAIN}"
            )
        case pg.UniqueViolation() if key := re.search(r"\((.+?)\)=", said.message_detail or ""):
            return (
                f"Make the rows differ, or delete those too many (SELECT {key[1]}, count(*) FROM "
                f"{table} GROUP BY {key[1]} HAVING count(*) > 1 shows them), {_AGAIN}"
            )
        case pg.InvalidTextRepresentation():
            return _lacking_value(str(error), statement)
    return ""


def _quoted(name: str | None, schema: str | None = None) -> str:
    """Write a name as SQL has it, with its schema where that is not `public`."""
    quote = _PREPARER.quote
    named = quote(name) if name else ""
    return named if schema in {None, "public"} else f"{quote(schema)}.{named}"


def _lacking_value(said: str, statement: str) -> str:
    """Say what to do with rows that hold a value which an enum is not to have any more."""
    lacking, retyped = _LACKS_VALUE.search(said), _RETYPED.match(statement)
    if not lacking or not retyped:
        return ""
    table, column = retyped.groups()
    value = lacking[2].replace("'", "''")
    return (
        f"Give the rows that hold it another value first (UPDATE {table} SET {column} = ... WHERE "
        f"{column} = '{value}'), {_AGAIN}"
    )
