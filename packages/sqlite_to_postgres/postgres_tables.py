"""Tables in Postgres that are read as a SQLite file is: what there is, and their rows.

They are read in the transaction of a connection that may do other work in between, such as to
write the same rows elsewhere.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import psycopg2
from psycopg2 import extensions
from psycopg2.sql import SQL, Composable, Identifier

from plain_commands.errors import InvalidInputError, UnavailableError
from serverless_postgres.losses import is_connection_loss
from sqlite_to_postgres.expected import Expected, Found
from sqlite_to_postgres.postgres_columns import BYTES, Column, describe
from sqlite_to_postgres.postgres_fetching import fetched
from sqlite_to_postgres.source import Row

LITTLE_BYTES = 2**20
"""If all large values of a table together take no more, no look at each row is needed."""
SIZES_AT_ONCE = 10_000

Refuse = Callable[[extensions.cursor, Found, str], str | None]
"""Says why tables, found in a schema, are none to be read; None when nothing is wrong with them."""

# Rows that a policy hides are missed in silence, or else refused; a large table is read from where
# somebody else's scan is, or else from its beginning.
_SETTINGS = """
    SET LOCAL statement_timeout = 0;
    SET LOCAL idle_in_transaction_session_timeout = 0;
    SET LOCAL row_security = off;
    SET LOCAL synchronize_seqscans = off;
    SET LOCAL datestyle = 'ISO, YMD'
"""
_SCHEMA = """
    SELECT nspname FROM pg_class
    JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE relname = ANY(%s) AND relkind = ANY('{r,p,v,m,f}') AND pg_table_is_visible(pg_class.oid)
    ORDER BY relname <> %s, relname LIMIT 1
"""
# A schema that the role may not use is on no path; one that somebody has misspelled isn't either,
# and is not to be taken for public.
_WANTED = r"""
    SELECT CASE WHEN path ~ '\mpublic\M' THEN 'public' ELSE trim(path, '" ') END
    FROM current_setting('search_path') AS path
"""
_TABLES = """
    SELECT relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE relname = ANY(%s) AND relkind = ANY('{r,p,v,m,f}') AND nspname = %s
"""

# Large values lie in a table beside it; of a view and the like nobody knows.
_HOLDS_LARGE = """
    SELECT relkind <> 'r' OR coalesce(pg_relation_size(nullif(reltoastrelid, 0)), 0) > %s
    FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE relname = %s AND nspname = %s
"""
# When it was started tells a server from all others, whoever asks.
_PLACE = """
    SELECT pg_postmaster_start_time()::text, oid FROM pg_database
    WHERE datname = current_database()
"""


def place_of(cursor: extensions.cursor) -> tuple[str, int]:
    """Return what tells the database of a cursor from all others, on whatever server they are."""
    cursor.execute(_PLACE)
    started, oid = cursor.fetchone() or ("", 0)
    return started, oid


class PostgresTables:
    """The tables of a schema, their rows as the connection's transaction sees them."""

    def __init__(
        self,
        connection: extensions.connection,
        expected: Expected,
        schema: str | None,
        name: str,
        *,
        refuse: Refuse | None,
        when_read: Callable[[], None] | None,
    ) -> None:
        """Look at the tables; InvalidInputError, saying what is missing, unless all are there."""
        self._connection = connection
        self._expected = expected
        self._when_read = when_read
        self.name = name
        self._schema = schema or "public"
        self._names = list(expected.columns)
        with self._reading("pg_class"), connection.cursor() as cursor:
            cursor.execute(_SETTINGS)
            if schema is None:
                cursor.execute(_SCHEMA, (self._names, expected.landmark))
                found_in = [found for (found,) in cursor]
                if not found_in:
                    cursor.execute(_WANTED)
                    found_in = [wanted for (wanted,) in cursor]
                self._schema = found_in[0]
        self._columns = self._describe()
        found = {table: {of.name: of.type for of in self._columns[table]} for table in self._names}
        if refuse:
            with self._reading("pg_class"), connection.cursor() as cursor:
                why = refuse(cursor, found, self._schema)
            if why:
                message = f"{name} {why}"
                raise InvalidInputError(message)
        shape = expected.judged(found)
        if shape.missing:
            where = f"its schema {self._schema}"
            raise InvalidInputError(expected.not_whole(name, shape.missing, where))
        self.revision = shape.revision
        self.unknown_columns = shape.unknown_columns
        self.counts = {table: self._count(table) for table in self._names}
        self.identity = self._identity()

    def rows(self, table: str) -> Iterator[Row]:
        """Stream the rows of a table; a row is a flag, which is 0, and the expected values.

        Integer ids tell the order. Where there are none, it is that of the table itself, in which
        rows lie as they came, but for those that were changed.
        """
        values = SQL("0, {}").format(
            SQL(", ").join(self._values(table, self._expected.columns[table]))
        )
        with self._reading(table), self._connection.cursor(f"import_{table}_of_source") as cursor:
            extensions.register_type(BYTES, cursor)
            cursor.execute(self._in_order(table, values))
            with self._sizes(table) as sizes:
                yield from fetched(cursor, sizes)

    def check(self, table: str, read: int) -> None:
        """Raise InvalidInputError unless `read` rows are all that the table has."""
        if read != self.counts[table]:
            message = (
                f"{self.name} changed while it was read, or is damaged (count(*) of {table} is "
                f"{self.counts[table]}, but {read} rows can be read), so nothing of it was "
                "imported; stop what writes to it, or REINDEX it, and try again."
            )
            raise InvalidInputError(message)

    def place(self) -> tuple[str, int]:
        """Return what tells the database from all others, on whatever server they are."""
        with self._connection.cursor() as cursor:
            return place_of(cursor)

    def close(self) -> None:
        """Close the connection early, if nobody else has a use for it."""
        if self._when_read:
            self._when_read()

    @contextmanager
    def _sizes(self, table: str) -> Iterator[Iterator[int]]:
        """Tell of each row how many bytes it takes where it lies, unless all of them are small.

        Memory is all that goes by it, so nothing is lost where these come in another order.
        """
        with self._connection.cursor() as cursor:
            cursor.execute(_HOLDS_LARGE, (LITTLE_BYTES, table, self._schema))
            (holds_large,) = cursor.fetchone() or (False,)
        if not holds_large:
            yield iter(())
            return
        with self._connection.cursor(f"import_{table}_of_source_sizes") as cursor:
            cursor.itersize = SIZES_AT_ONCE
            sizes = [column.size for column in self._columns[table]]
            cursor.execute(self._in_order(table, SQL(" + ").join(sizes)))
            yield (size for (size,) in cursor)

    def _in_order(self, table: str, values: Composable) -> Composable:
        query = SQL("SELECT {} FROM {}").format(values, self._place(table))
        key = self._key(table, self._expected.columns[table][0])
        return query + SQL(" ORDER BY {}").format(key.identifier) if key.is_integer else query

    def _describe(self) -> dict[str, Sequence[Column]]:
        with self._reading("pg_class"), self._connection.cursor() as cursor:
            cursor.execute(_TABLES, (self._names, self._schema))
            there = {table for (table,) in cursor}
        columns: dict[str, Sequence[Column]] = dict.fromkeys(self._names, ())
        for table in (name for name in self._names if name in there):
            with self._reading(table), self._connection.cursor() as cursor:
                columns[table] = describe(cursor, self._place(table))
        return columns

    def _count(self, table: str) -> int:
        with self._reading(table), self._connection.cursor() as cursor:
            cursor.execute(SQL("SELECT count(*) FROM {}").format(self._place(table)))
            (count,) = cursor.fetchone() or (0,)
        return int(count)

    def _identity(self) -> str:
        """Name the database by the first row of one of its tables, as `SqliteFile` does."""
        table, names = self._expected.identity
        query = SQL("SELECT {0} FROM {1} WHERE {2} IS NOT NULL ORDER BY {2} LIMIT 1").format(
            SQL(", ").join(self._values(table, names)),
            self._place(table),
            self._key(table, names[0]).identifier,
        )
        with self._reading(table), self._connection.cursor() as cursor:
            cursor.execute(query)
            first = cursor.fetchone()
        if first is None:
            return ""
        key, *named = first
        return "/".join([str(key), *[(text or "").encode().hex().upper() for text in named]])

    def _values(self, table: str, names: Sequence[str]) -> list[Composable]:
        known = {column.name: column.value for column in self._columns[table]}
        return [known.get(name, SQL("NULL")) for name in names]

    def _key(self, table: str, name: str) -> Column:
        return next(column for column in self._columns[table] if column.name == name)

    def _place(self, table: str) -> Identifier:
        return Identifier(self._schema, table)

    @contextmanager
    def _reading(self, table: str) -> Iterator[None]:
        """Say in a sentence why a table can't be read."""
        try:
            yield
        except psycopg2.errors.InsufficientPrivilege as error:
            raise InvalidInputError(self._forbidden(table, error)) from error
        except psycopg2.Error as error:
            if is_connection_loss(error):
                message = f"The connection to {self.name} was lost, so nothing was written."
                raise UnavailableError(message) from error
            said = error.diag.message_primary or " ".join(str(error).split())
            message = f"{self._schema}.{table} of {self.name} can't be read: {said}."
            raise InvalidInputError(message) from error

    def _forbidden(self, table: str, error: psycopg2.Error) -> str:
        role, schema = self._quoted(self._connection.info.user), self._quoted(self._schema)
        said = str(error.diag.message_primary)
        if "row-level security" in said:
            mend = "a policy hides rows of it; import as its owner, or as a role with BYPASSRLS"
        else:
            mend = (
                f"GRANT USAGE ON SCHEMA {schema} TO {role}; "
                f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {role}"
            )
        return f"The role {role} may not read {self._schema}.{table} of {self.name}: {mend}."

    def _quoted(self, name: str) -> str:
        """Write a name as SQL, as people would."""
        is_plain = re.fullmatch("[a-z_][a-z0-9_]*", name)
        return name if is_plain else extensions.quote_ident(name, self._connection)


@contextmanager
def open_tables(
    connection: extensions.connection,
    expected: Expected,
    schema: str | None = None,
    *,
    name: str,
    refuse: Refuse | None = None,
    when_read: Callable[[], None] | None = None,
) -> Iterator[PostgresTables]:
    """Open the tables of a schema, or of the one that the search path leads to.

    They are read in the open transaction of the connection, which is left open; what is set for
    that is set until its end. `name` is what messages call the database, `when_read` is called
    when all rows have been read. Raises InvalidInputError for tables that lack something, that
    `refuse` has something against, or that can't be read.
    """
    yield PostgresTables(connection, expected, schema, name, refuse=refuse, when_read=when_read)
