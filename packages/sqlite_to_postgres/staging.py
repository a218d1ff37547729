"""Temporary tables that hold the converted rows until they are settled and written.

COPY is the fastest way in. Temporary tables need neither locks nor the log, and Postgres drops them
with the transaction, so that a pooled connection is handed on clean.
"""

from collections.abc import Iterable, Iterator
from io import BytesIO

from psycopg2 import extensions
from psycopg2.sql import SQL, Identifier

from sqlite_to_postgres.table_import import Fields, TableImport

PIECE_CHARACTERS = 2**20

# No text has a U+0000, so it can mark what must not be escaped.
_TAB, _NEWLINE, _NULL = "\0t", "\0n", "\0N"

_REFUSED = """
    CREATE TEMPORARY TABLE import_refused
        (of_table text, position bigint, id uuid, source_id text, reason text) ON COMMIT DROP;
    CREATE INDEX ON import_refused (id)
"""
_STAGED = SQL("""
    CREATE TEMPORARY TABLE {staged} ON COMMIT DROP AS
    SELECT 0::bigint AS position, ''::text AS refused, {columns} FROM {table} WITH NO DATA
""")
_OWN = SQL("{} AS {}")
_TYPED = SQL("NULL::{} AS {}")


def create_tables(cursor: extensions.cursor, tables: Iterable[TableImport]) -> None:
    """Make an empty staging table for each table, with the types of its columns.

    Raises errors of psycopg2 where a table or a column is not there.
    """
    cursor.execute(_REFUSED)
    for table in tables:
        own = table.kept
        typed = {"source_id": "text", "note": "text", **(table.staged or {})}
        columns = [_OWN.format(Identifier(name), Identifier(own[name])) for name in own] + [
            _TYPED.format(SQL(kind), Identifier(name))
            for name, kind in typed.items()
            if name not in own.values()
        ]
        cursor.execute(
            _STAGED.format(
                staged=Identifier(f"import_{table.name}"),
                columns=SQL(", ").join(columns),
                table=Identifier(table.name),
            )
        )


def load(
    cursor: extensions.cursor, table: str, columns: Iterable[str], rows: Iterable[Fields]
) -> None:
    """Bring rows into the staging table of `table`, in pieces of bounded size.

    Between two of them the connection is free, so that the rows may come from the same one.
    """
    names = ", ".join(columns)
    for piece in _pieces(rows):
        cursor.copy_expert(
            # nosemgrep: sql-of-pieces  names that are declared
            f"COPY import_{table} ({names}) FROM STDIN WITH (ENCODING 'UTF8')",
            BytesIO(_escaped(piece)),
        )
    # No plan for settling may go wrong by more than the time of an index, whatever the rows are;
    # and nobody else analyzes a temporary table.
    # nosemgrep: sql-of-pieces  a name that is declared
    cursor.execute(f"CREATE INDEX ON import_{table} (id); ANALYZE import_{table}")


def _pieces(rows: Iterable[Fields]) -> Iterator[str]:
    """Write rows in the text format of COPY, as many at a time as make PIECE_CHARACTERS."""
    lines: list[str] = []
    characters = 0
    for row in rows:
        line = _TAB.join([_NULL if value is None else value for value in row]) + _NEWLINE
        lines.append(line)
        characters += len(line)
        if characters > PIECE_CHARACTERS:
            yield "".join(lines)
            lines.clear()
            characters = 0
    yield "".join(lines)


def _escaped(text: str) -> bytes:
    """Escape what COPY gives a meaning to; a whole piece at a time, that is many times faster."""
    return (
        text.encode()
        .replace(b"\\", b"\\\\")
        .replace(b"\n", b"\\n")
        .replace(b"\r", b"\\r")
        .replace(b"\t", b"\\t")
        .replace(b"\0t", b"\t")
        .replace(b"\0n", b"\n")
        .replace(b"\0N", b"\\N")
    )
