"""A connection of SQLAlchemy's without a database: what is executed is noted, rows are made up."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol, Self

from sqlalchemy import Connection, Dialect, Engine, event, make_url, pool
from sqlalchemy.dialects.postgresql.base import PGDialect, PGExecutionContext

from safe_migrations.recording.queries import Found, found_by
from safe_migrations.recording.unknown import Unknown


class Listener(Protocol):
    """Who notes what is executed, and decides what it finds."""

    def construct(self, construct: Any, parameters: Any) -> str:
        """Note something of SQLAlchemy's; returns its SQL."""

    def driver_sql(self, sql: str, parameters: Any) -> str:
        """Note text for the driver; returns its SQL with the values in it."""

    def with_values(self, sql: str, parameters: Any) -> str:
        """Put values into text for the driver."""

    def decide(self, what: str) -> bool:
        """Tell whether something is so that only a database knows."""

    def finds(self, sql: str) -> bool:
        """Tell whether a query finds rows."""

    def columns(self, table: str) -> Sequence[str]:
        """Name the columns of a table, none when it is not known."""

    def committed(self) -> None:
        """Note that the transaction has ended well."""

    def rolled_back(self) -> None:
        """Note that the transaction was taken back."""

    def missing(self, name: str) -> None:
        """Note that something was asked that can't be answered."""


@contextmanager
def connected(listener: Listener, dialect: Dialect) -> Iterator[Connection]:
    """Open such a connection, in a transaction as it is in an upgrade."""
    make: Any = lambda: _Driver(listener)  # noqa: E731  the pool has a type for real drivers
    drivers = pool.NullPool(make, dialect=dialect)
    engine = Engine(drivers, dialect, make_url("postgresql+psycopg2://"))
    event.listen(engine, "before_execute", _before)
    event.listen(engine, "after_execute", _after)
    with engine.connect() as connection:
        connection.begin()
        yield connection


def _before(
    connection: Connection, construct: Any, several: Sequence[Any], one: Any, _options: Any
) -> None:
    driver: Any = connection.connection.dbapi_connection
    given = several[0] if several else one
    driver.sql = driver.listener.construct(construct, given)


def _after(connection: Connection, *_: Any) -> None:
    driver: Any = connection.connection.dbapi_connection
    driver.sql = None


class _Context(PGExecutionContext):
    """Takes made-up values as they are, whatever type their column has."""

    def get_result_processor(self, type_: Any, colname: str, coltype: Any) -> None:
        """Have none."""


class RecordingDialect(PGDialect):
    """Postgres's dialect, for connections without a database."""

    driver = "psycopg2"
    execution_ctx_cls = _Context
    supports_statement_cache = True
    supports_sane_rowcount = False
    supports_sane_multi_rowcount = False
    use_insertmanyvalues = False
    insert_executemany_returning = False
    insert_executemany_returning_sort_by_parameter_order = False

    def initialize(self, connection: Connection) -> None:
        """Ask nothing."""

    def do_begin(self, dbapi_connection: Any) -> None:
        """Do nothing: it began when the last one ended."""

    def is_disconnect(self, *_: object) -> bool:
        """Tell that it is always there."""
        return False

    def get_isolation_level(self, dbapi_connection: Any) -> Any:
        """Name the level that Postgres has if nobody says another."""
        return "AUTOCOMMIT" if dbapi_connection.autocommit else "READ COMMITTED"

    def get_default_isolation_level(self, dbapi_conn: Any) -> Any:
        """Name the level that connections begin with."""
        return self.get_isolation_level(dbapi_conn)

    def set_isolation_level(self, dbapi_connection: Any, level: Any) -> None:
        """Note whether each statement is a transaction of its own."""
        dbapi_connection.autocommit = level == "AUTOCOMMIT"


class _Driver:
    """What psycopg2 calls a connection."""

    encoding = "UTF8"
    notices: tuple[str, ...] = ()

    def __init__(self, listener: Listener) -> None:
        self.listener = listener
        self.sql: str | None = None
        self.autocommit = False

    def __getattr__(self, name: str) -> Any:
        self.listener.missing(name)
        return Unknown.of(self.listener.decide)

    def cursor(self, *_: object, **__: object) -> "_Cursor":
        return _Cursor(self)

    def commit(self) -> None:
        self.listener.committed()

    def rollback(self) -> None:
        self.listener.rolled_back()

    def close(self) -> None:
        """Have nothing to close."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.commit()


class _Cursor:
    """What psycopg2 calls a cursor."""

    arraysize = 1

    def __init__(self, connection: _Driver) -> None:
        self.connection = connection
        self.description: list[tuple[Any, ...]] | None = None
        self._listener = connection.listener
        self._sql = ""
        self._found: Found | None = None

    def __getattr__(self, name: str) -> Any:
        self._listener.missing(name)
        return Unknown.of(self._listener.decide)

    def execute(self, sql: Any, parameters: Any = None) -> None:
        self._sql = self.connection.sql or self._listener.driver_sql(_text(sql), parameters)
        self._found = found_by(self._sql, self._listener.columns)
        names = self._found.names if self._found else ()
        self.description = [(name, *[None] * 6) for name in names] or None

    def executemany(self, sql: Any, parameters: Sequence[Any]) -> None:
        self.execute(sql, parameters[0] if parameters else None)

    def copy_expert(self, sql: Any, *_: object) -> None:
        self.execute(sql)

    def mogrify(self, sql: Any, parameters: Any = None) -> bytes:
        return self._listener.with_values(_text(sql), parameters).encode()

    @property
    def rowcount(self) -> Any:
        return Unknown.of(self._listener.decide)

    def fetchall(self) -> list[Any]:
        found, self._found = self._found, None
        if found is None or not (found.is_certain or self._listener.finds(self._sql)):
            return []
        return [tuple(Unknown.of(self._listener.decide) for _ in found.names)]

    def fetchmany(self, _size: int = 1) -> list[Any]:
        return self.fetchall()

    def fetchone(self) -> Any:
        return next(iter(self.fetchall()), None)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.fetchall())

    def close(self) -> None:
        """Have nothing to close."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Have nothing to close."""


def _text(sql: Any) -> str:
    return sql.decode() if isinstance(sql, bytes) else str(sql)
