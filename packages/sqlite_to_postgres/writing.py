"""The settled rows, written into the tables that they are for."""

from collections.abc import Sequence

from psycopg2 import extensions
from psycopg2.sql import SQL, Identifier

from sqlite_to_postgres.table_import import TableImport

_LOCK = SQL("LOCK TABLE {} IN SHARE UPDATE EXCLUSIVE MODE")
_INSERT = SQL("INSERT INTO {table} ({columns}) SELECT {values} FROM {staged}")
_ANALYZE = SQL("ANALYZE {}")


def keep_vacuum_away(cursor: extensions.cursor, tables: Sequence[TableImport]) -> None:
    """Keep autovacuum from the tables until the end; readers and writers don't notice.

    It would count none of the rows that are being written. A table that looks empty is searched by
    any index, and each foreign key that is checked costs a walk through all of it (seen: minutes).
    """
    names = [name for table in tables for name in (table.name, *table.beside)]
    cursor.execute(_LOCK.format(SQL(", ").join(map(Identifier, names))))


def write(cursor: extensions.cursor, table: TableImport) -> int:
    """Write what is staged for a table; return how many rows that were."""
    written = table.write(cursor) if table.write else _inserted(cursor, table)
    if written:
        # For the foreign keys of the next table: see keep_vacuum_away.
        for name in (table.name, *table.beside):
            cursor.execute(_ANALYZE.format(Identifier(name)))
    return written


def _inserted(cursor: extensions.cursor, table: TableImport) -> int:
    cursor.execute(
        _INSERT.format(
            table=Identifier(table.name),
            columns=SQL(", ").join(map(Identifier, table.kept)),
            values=SQL(", ").join(map(Identifier, table.kept.values())),
            staged=Identifier(f"import_{table.name}"),
        )
    )
    return cursor.rowcount
