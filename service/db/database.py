"""The engine of a process, and the unit of work of a request."""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any, Self

import psycopg2.extras
from sqlalchemy import Connection, Engine, PoolProxiedConnection, create_engine, event
from sqlalchemy.exc import DisconnectionError

from service.db import errors
from service.db.statement import Query, Row, Rows
from service.db.url import resolve
from service.errors import ConflictError, ServiceError
from service.settings import Settings

psycopg2.extras.register_uuid()  # type: ignore[no-untyped-call]

# JSON built by Postgres prints times in the session's zone. libpq passes PGTZ in its first message
# as the parameter TimeZone, which poolers in transaction mode know and keep apart per client; they
# refuse `options=-c timezone=UTC`, and SET would leak to other clients.
# (PostgreSQL 18, 32.15 "Environment Variables".)
os.environ["PGTZ"] = "UTC"


class Database:
    """The connections of one process, made when they are first needed."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @cached_property
    def engine(self) -> Engine:
        """The engine; each connection is in AUTOCOMMIT, so a lone statement is one round trip."""
        settings = self.settings
        engine = create_engine(
            resolve(settings),
            isolation_level="AUTOCOMMIT",
            pool_size=settings.pool_size,
            max_overflow=settings.pool_max_overflow,
            pool_timeout=settings.pool_timeout_s,
            pool_recycle=settings.pool_recycle_s,
            # The least used connections go idle, and can be closed.
            pool_use_lifo=True,
            connect_args={
                "connect_timeout": settings.connect_timeout_s,
                # Both are needed: without them a silent network hangs a query for good.
                "keepalives_idle": 1,
                "keepalives_interval": 5,
                "keepalives_count": 2,
                "tcp_user_timeout": 3000,
                "application_name": "trip-planner",
            },
        )
        event.listen(engine, "checkin", _note_idle)
        event.listen(engine, "checkout", _Ping(engine, settings.pool_ping_idle_s))
        return engine

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Run one transaction, committed at the end and rolled back on any exception."""
        with self.engine.execution_options(isolation_level="READ COMMITTED").begin() as connection:
            yield connection

    def dispose(self) -> None:
        """Close all connections."""
        if "engine" in self.__dict__:
            self.engine.dispose()


def _note_idle(_connection: object, record: Any) -> None:
    record.info["idle_since"] = time.monotonic()


class _Ping:
    """Ping what has been idle; a ping at each checkout would double a read's round trips."""

    def __init__(self, engine: Engine, idle_s: int) -> None:
        self._engine = engine
        self._idle_s = idle_s

    def __call__(self, connection: Any, record: Any, _proxy: object) -> None:
        idle_since = record.info.get("idle_since")
        if idle_since is None or time.monotonic() - idle_since < self._idle_s:
            return
        try:
            self._engine.dialect.do_ping(connection)
        except self._engine.dialect.loaded_dbapi.Error as error:
            raise DisconnectionError from error


class UnitOfWork:
    """What one request does in the database.

    A query that is the only one runs in autocommit: one round trip, atomic by itself. `begin` makes
    all that follows one transaction, which `commit` ends; leaving the unit without it rolls back.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: PoolProxiedConnection | None = None
        self._begin_due = False
        self._in_transaction = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def begin(self) -> None:
        """Make what follows one transaction; BEGIN rides with the next statement."""
        self._begin_due = True

    def run(self, query: Query) -> Row:
        """Send a query and judge its rows.

        Raises what the query's rule makes of them (NotFoundError, ConflictError, ...), or the
        ServiceError for what the database says.
        """
        if query.duplicate is None:
            return query.judge(self.fetch(query))
        # In a transaction a refused INSERT must not undo what was done before it.
        savepoint = self._in_transaction or self._begin_due
        try:
            sql = "SAVEPOINT before_insert; " + query.sql if savepoint else query.sql
            return query.judge(self.execute(sql, query.parameters))
        except ConflictError as conflict:
            if savepoint:
                self.execute("ROLLBACK TO SAVEPOINT before_insert")
            rows = self.fetch(query.duplicate)
            if rows or errors.is_duplicate_id(conflict):
                return query.duplicate.judge(rows)
            raise

    def fetch(self, query: Query) -> Rows:
        """Send a query and return its rows as they come; errors as with `run`."""
        return self.execute(query.sql, query.parameters)

    def execute(self, sql: str, parameters: Mapping[str, Any] | None = None) -> Rows:
        """Send SQL in one round trip and return the rows of its last statement."""
        try:
            if self._connection is None:
                self._connection = self._database.engine.raw_connection()
            cursor = self._connection.cursor()
            if self._begin_due:
                self._begin_due, self._in_transaction = False, True
                sql = "BEGIN; " + sql
            cursor.execute(sql, parameters)
            return cursor.fetchall() if cursor.description else ()
        except Exception as error:
            if errors.is_connection_loss(error):
                self._discard()
            if translated := errors.translate(error):
                raise translated from error
            raise

    def commit(self) -> None:
        """End the transaction, if there is one."""
        if self._in_transaction:
            self.execute("COMMIT")
            self._in_transaction = False

    def rollback(self) -> None:
        """Undo the transaction, if there is one."""
        self._begin_due = False
        if self._in_transaction:
            self._in_transaction = False
            self.execute("ROLLBACK")

    def close(self) -> None:
        """Give the connection back; what was not committed is undone."""
        try:
            self.rollback()
        except ServiceError:
            self._discard()  # A connection whose state is unknown must not be used again.
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _discard(self) -> None:
        self._in_transaction = False
        if self._connection is not None:
            self._connection.invalidate()
            self._connection = None
