"""A table of a SQLite file, or a view in the place of one: its columns and its rows."""

import sqlite3
from collections.abc import Iterator, Sequence

from sqlite_to_postgres.source import Row

_COLUMNS = """
    SELECT lower(c.name), upper(c.type), c.pk, t.type
    FROM sqlite_master AS t, pragma_table_xinfo(t.name) AS c
    WHERE t.type IN ('table', 'view') AND lower(t.name) = ? AND c.hidden <> 1
"""
_ROWIDS = ("rowid", "_rowid_", "oid")


class Table:
    """A table; `columns` are the declared types of its columns by name, none if it is not there."""

    def __init__(self, connection: sqlite3.Connection, name: str) -> None:
        """Read the columns; `name` is one that is expected."""
        self._connection = connection
        self._name = name
        found = connection.execute(_COLUMNS, (name,)).fetchall()
        self.columns: dict[str, str] = {column: kind for column, kind, *_ in found}
        is_view = any(of == "view" for *_, of in found)
        key = [column for _, column in sorted((pk, column) for column, _, pk, _ in found if pk)]
        self._order = None if is_view or not found else self._find_order(key)

    def count(self) -> int:
        """Count the rows, as people would do it; SQLite may ask an index for that."""
        # nosemgrep: sql-of-pieces  a name that is expected
        found = self._connection.execute(f"SELECT count(*) FROM {self._name}")  # noqa: S608
        return int(found.fetchone()[0])

    def rows(self, columns: Sequence[str]) -> Iterator[Row]:
        """Stream the rows in the order of their rowid, or of the primary key where there is none.

        A row is a flag and the values of `columns`, NULL for one that is not there. The flag is 1
        when text in it was not valid UTF-8; the offending bytes are U+FFFD then.
        """
        names = ", ".join(column if column in self.columns else "NULL" for column in columns)
        query = f"SELECT 0, {names} FROM {self._name}"  # noqa: S608  names that are expected
        if self._order is None:
            # Nothing says that a second query would begin with the same rows.
            yield from self._leniently(query)
            return
        # Not from an index, which damage may have made another set of rows.
        query += f" NOT INDEXED ORDER BY {self._order} LIMIT -1 OFFSET "
        read = 0
        try:
            # nosemgrep: sql-of-pieces  names that are expected and quoted ones
            for row in self._connection.execute(query + "0"):
                yield row
                read += 1
        except sqlite3.OperationalError as error:
            # SQLite's own decoding is many times faster, but stops at what is no UTF-8.
            if "decode" not in str(error):
                raise
        else:
            return
        yield from self._leniently(query + str(read))

    def _leniently(self, query: str) -> Iterator[Row]:
        is_mended = False

        def decode(text: bytes) -> str:
            nonlocal is_mended
            try:
                return text.decode()
            except UnicodeDecodeError:
                is_mended = True
                return text.decode(errors="replace")

        self._connection.text_factory = decode
        try:
            # nosemgrep: sql-of-pieces  names that are expected and quoted ones
            for row in self._connection.execute(query):
                yield (1, *row[1:]) if is_mended else row
                is_mended = False
        finally:
            self._connection.text_factory = str

    def _find_order(self, key: Sequence[str]) -> str | None:
        """Find what puts the rows into the one order in which they lie in the file."""
        # A column may have taken the name of the rowid.
        rowid = next((name for name in _ROWIDS if name not in self.columns), None)
        if rowid is None:
            return None
        try:
            # nosemgrep: sql-of-pieces  names that are expected
            self._connection.execute(f"SELECT {rowid} FROM {self._name} LIMIT 0")  # noqa: S608
        except sqlite3.OperationalError:
            # WITHOUT ROWID.
            return ", ".join('"' + column.replace('"', '""') + '"' for column in key)
        return rowid
