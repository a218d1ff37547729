"""The unit of work of a request: what it does in the database, once, whatever happens."""

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any, Self, TypeVar
from uuid import UUID

import psycopg2
from sqlalchemy import PoolProxiedConnection
from sqlalchemy.exc import SQLAlchemyError

from json_rows import errors, ownership
from json_rows.errors import TransientError
from json_rows.owner import PARAMETER
from json_rows.statement import Query, Row, Rows
from serverless_postgres import losses
from serverless_postgres.database import Database, Sent
from serverless_postgres.position import SEEN, WRITTEN
from serverless_postgres.replica import ReadFrom, Replica
from serverless_postgres.retry import Patience
from serverless_postgres.server import Server
from smorest_sqlmodel.errors import (
    ApiError,
    ConflictError,
    NotFoundError,
    PreconditionFailedError,
    UnavailableError,
)

T = TypeVar("T")


class UnitOfWork:
    """What one request does in the database.

    A query that is the only one runs in autocommit: one round trip, atomic by itself. `begin` makes
    all that follows one transaction, which `commit` ends; leaving the unit without it rolls back.

    When the connection is lost, it tries again for as long as the settings allow: a lone query by
    itself, a transaction as a whole (`complete`). A lost reply leaves open whether the work was
    done, so only work that can find that out is repeated.
    """

    def __init__(
        self,
        database: Database,
        *,
        budget_s: float | None = None,
        server: Server | None = None,
        owner: UUID | None = None,
        in_path: Collection[str] = (),
    ) -> None:
        """Name the database; `budget_s` is how long to try again, by default as set.

        `server` is another one than the primary. `owner` is who asks: queries on owned tables find
        their rows and no others; nobody in particular (None) finds all. `in_path` names what the
        path of a request gives: where columns clash, these aren't what is wrong with its body.
        """
        self._database = database
        self._server = server or database.primary
        self._owner = owner
        self._in_path = frozenset(in_path)
        self._budget_s = database.settings.retry_budget_s if budget_s is None else budget_s
        self._patience = Patience(self._budget_s, self._server.outage.ended)
        self._connection: PoolProxiedConnection | None = None
        self._begin_due = False
        self._in_transaction = False
        self._at_commit: tuple[str, Mapping[str, Any] | None] = ("", None)
        self._is_outcome_open = False
        self._is_tainted = False
        self._reads_after: int | None = None
        self.written = 0
        """The position of what was written or found out so far, where there is a replica."""
        self.is_written_unknown = False
        """Whether something may have been written, without a word on its position."""
        self.began_ns = time.monotonic_ns()
        self.round_trips = 0
        self.retries = 0
        self.database_s = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def database(self) -> Database:
        """The database in which it works."""
        return self._database

    def begin(self) -> None:
        """Make what follows one transaction; BEGIN rides with the next statement."""
        self._begin_due = True

    def at_commit(self, sql: str, parameters: Mapping[str, Any]) -> None:
        """Name what ends the transaction; COMMIT rides with it, so that it is one round trip."""
        self._at_commit = (f"{sql}; ", parameters)

    def read_after(self, position: int) -> None:
        """Let queries outside of transactions read from the replica, where there is one.

        It answers when it has all that was written until a position; else the primary does, also
        when the replica has nothing, or fails.
        """
        self._reads_after = position

    def note_written(self, position: int) -> None:
        """Note the position of what was written."""
        self.written = max(self.written, position)

    def complete(self, work: Callable[[], T], *, is_repeatable: bool) -> T:
        """Do work that may begin a transaction, commit, and return what the work returned.

        When the connection is lost meanwhile, all of it is done again. If that was during COMMIT,
        then only work that `is_repeatable`: that finds out whether it has been done already.
        """
        is_outcome_open = False
        while True:
            try:
                result = work()
                self.commit()
            except TransientError as error:
                is_outcome_open |= error.is_outcome_open
                if is_outcome_open:
                    error.members["outcome"] = "unknown"
                    if not is_repeatable:
                        raise
                self.close()
                self._try_again(error)
            else:
                return result

    def run(self, query: Query) -> Row:
        """Send a query and judge its rows.

        Raises what the query's rule makes of them (NotFoundError, ConflictError, ...), or the
        ApiError for what the database says.
        """
        self._is_outcome_open = False
        try:
            return self._run(query)
        except UnavailableError as error:
            if self._is_outcome_open and query.statement.is_write:
                error.members["outcome"] = "unknown"
                self.is_written_unknown = True
            raise
        except ApiError as error:
            errors.point_into(error, query.parts)
            raise

    def _run(self, query: Query) -> Row:
        if query.outcome is None:
            return query.judge(self.fetch(query))
        # In a transaction a refused INSERT must not undo what was done before it.
        savepoint = query.repeatable and (self._in_transaction or self._begin_due)
        try:
            return query.judge(self._write(query, "SAVEPOINT before_insert; " if savepoint else ""))
        except (ConflictError, NotFoundError, PreconditionFailedError) as refused:
            was_sent_before = self._is_outcome_open
            if not was_sent_before and not (
                query.repeatable and isinstance(refused, ConflictError)
            ):
                raise
            if savepoint:
                self._execute("ROLLBACK TO SAVEPOINT before_insert", None)
            outcome = query.outcome()
            rows = self.fetch(outcome)
            if not rows and not errors.is_duplicate_id(refused):
                if was_sent_before and not query.repeatable:
                    # Others may have changed since then what a lost attempt would be known by.
                    refused.members["outcome"] = "unknown"
                raise
            row = outcome.judge(rows)
            return replace(row, created=True) if was_sent_before else row

    def fetch(self, query: Query) -> Rows:
        """Send a query and return its rows as they come; errors as with `run`."""
        replica, position = self._database.replica, self._reads_after
        if replica is None or position is None or self._in_transaction or self._begin_due:
            return self._write(query)
        return self._read_from(replica, query, position) or self._execute(*self._bound(query))

    def execute(self, sql: str, parameters: Mapping[str, Any] | None = None) -> Rows:
        """Send SQL in one round trip and return the rows of its last statement.

        Outside of a transaction it is sent again when the connection is lost. Raises TransientError
        inside of one, UnavailableError when there is no more time, the ApiError for what the
        database says, and OwnershipError where somebody asks and it does not keep to their rows.
        """
        if self._owner is not None:
            ownership.check_text(sql)
        if PARAMETER in sql:
            parameters = {**(parameters or {}), "owner": self._owner}
        return self._execute(sql, parameters)

    def _execute(self, sql: str, parameters: Mapping[str, Any] | None) -> Rows:
        while True:
            try:
                return self._send(sql, parameters)
            except TransientError as error:
                if error.is_in_transaction:
                    raise
                self._is_outcome_open |= error.is_outcome_open
                self._try_again(error)

    def commit(self) -> None:
        """End the transaction, if there is one; TransientError when its outcome is open."""
        if self._in_transaction:
            sql, parameters = self._at_commit
            self._send(f"{sql}COMMIT", parameters)
            self._in_transaction = False

    def rollback(self) -> None:
        """Undo the transaction, if there is one."""
        self._begin_due = False
        self._at_commit = ("", None)
        if self._in_transaction:
            self._send("ROLLBACK", None)
            self._in_transaction = False

    def close(self) -> None:
        """Give the connection back; what was not committed is undone."""
        try:
            self.rollback()
        except (ApiError, psycopg2.Error):
            self._discard()  # A connection whose state is unknown must not be used again.
        self._give_back()

    def rest(self) -> None:
        """Give the connection back until there is more to do, and have all patience again then."""
        self.close()
        self._patience = Patience(self._budget_s, self._server.outage.ended)

    def _bound(self, query: Query, more: str = "") -> tuple[str, dict[str, Any]]:
        """Bind who asks to a query that may be about owned rows; `more` is one column more."""
        statement = query.statement
        sql = statement.sql_with(more) if more else statement.sql
        if statement.is_list and self._owner is not None:
            sql = ownership.of_somebody(sql)
        return sql, {**query.parameters, "owner": self._owner}

    def _write(self, query: Query, before: str = "") -> Rows:
        """Send a query to the primary, and note the position of what it did."""
        has_replica = self._database.replica is not None
        sql, parameters = self._bound(query, WRITTEN if has_replica else "")
        rows = self._execute(before + sql, parameters)
        if not has_replica:
            return rows
        if rows:
            self.note_written(rows[0][-1])
        return [row[:-1] for row in rows]

    def _read_from(self, replica: Replica, query: Query, position: int) -> Rows:
        """Ask the replica; no rows when the primary is to be asked."""
        rows: Rows = ()
        outcome = replica.objection(position)
        if outcome is None:
            rows, outcome = self._ask(replica, query, position)
        self._database.tell(self._database.read_listeners, outcome)
        return rows

    def _ask(self, replica: Replica, query: Query, position: int) -> tuple[Rows, ReadFrom]:
        sql, parameters = self._bound(query, SEEN)
        with UnitOfWork(self._database, budget_s=0, server=replica.server) as work:
            try:
                # Not `execute`, which binds that nobody asks.
                rows = work._execute(sql, parameters)
            except (ApiError, psycopg2.Error, SQLAlchemyError) as error:
                if reason := _reason_to_leave(error):
                    replica.away(reason)
                return (), ReadFrom.FAILED
            finally:
                self.round_trips += work.round_trips
                self.database_s += work.database_s
        return replica.judge(rows, position)

    def _send(self, sql: str, parameters: Mapping[str, Any] | None) -> Rows:
        connection = self._connection or self._connect()
        if self._begin_due:
            self._begin_due, self._in_transaction = False, True
            sql = "BEGIN; " + sql
        failure = None
        started = time.perf_counter()
        watched = self._server.watchdog.watch(connection.dbapi_connection)
        try:
            cursor = connection.cursor()
            # nosemgrep: sql-of-pieces  of other statements, before which BEGIN may stand
            cursor.execute(self._database.mark.comment + sql, parameters)
            return cursor.fetchall() if cursor.description else ()
        except Exception as error:
            failure = error
            if explained := self._explain(error, sql):
                raise explained from error
            raise
        finally:
            is_late = self._server.watchdog.leave(watched)
            self._is_tainted |= is_late
            self._note_answer(failure, is_late=is_late)
            seconds = time.perf_counter() - started
            self.round_trips += 1
            self.database_s += seconds
            if listeners := self._database.listeners:
                sent = Sent(sql, parameters, seconds, failure, self._server.name)
                self._database.tell(listeners, sent)

    def _connect(self) -> PoolProxiedConnection:
        outage = self._server.outage
        if outage.is_hopeless():
            raise UnavailableError(outage.said, retry_after_s=5)
        started = time.perf_counter()
        try:
            connection = self._server.connect(self._patience.attempts, self._patience.left_s)
        except Exception as error:
            self._note_answer(error)
            if losses.is_connection_loss(error):
                raise TransientError(losses.describe(error), reason="connect") from error
            if translated := errors.translate(error):
                raise translated from error
            raise
        finally:
            self.database_s += time.perf_counter() - started
        self._connection = connection
        return connection

    def _note_answer(self, error: Exception | None, *, is_late: bool = False) -> None:
        """Note for others whether the server answers; a refusal is an answer, too."""
        if error is not None and (is_late or losses.is_connection_loss(error)):
            explained = errors.translate(error)
            self._server.outage.failed(explained.detail if explained else losses.describe(error))
        elif not losses.is_pool_exhausted(error):
            self._server.outage.succeeded()

    def _explain(self, error: Exception, sql: str) -> ApiError | None:
        was_in_transaction = self._in_transaction
        if losses.is_connection_loss(error):
            self._server.lost()
            self._discard()
            return TransientError(
                losses.describe(error),
                reason="lost",
                is_in_transaction=was_in_transaction,
                is_outcome_open=not was_in_transaction or sql.endswith("COMMIT"),
            )
        if losses.is_deadlock(error):
            message = "Other requests changed the same rows at the same time; try again."
            return TransientError(message, reason="deadlock", is_in_transaction=was_in_transaction)
        return errors.translate(error, self._in_path)

    def _try_again(self, error: TransientError) -> None:
        """Pause before the next attempt; UnavailableError when there is no time for one."""
        self._give_back()
        if not self._patience.wait():
            raise UnavailableError(error.detail, **error.members) from error
        self.retries += 1
        self._database.tell(self._database.retry_listeners, error.reason)

    def _give_back(self) -> None:
        # The server may have ended the connection with an error that tells of something else.
        if self._is_tainted or self._is_closed():
            self._discard()
        elif self._connection is not None:
            self._connection.close()
            self._connection = None

    def _is_closed(self) -> bool:
        raw = self._connection.dbapi_connection if self._connection is not None else None
        return bool(getattr(raw, "closed", False))

    def _discard(self) -> None:
        self._in_transaction = self._is_tainted = False
        if self._connection is not None:
            self._connection.invalidate()
            self._connection = None


def _reason_to_leave(error: Exception) -> str | None:
    """Say why a replica is away after an error; None: that was the query's, or passes at once."""
    if isinstance(error, UnavailableError):
        cause = error.__cause__
        is_conflict = isinstance(cause, TransientError) and cause.reason == "deadlock"
        return None if is_conflict or losses.is_pool_exhausted(cause) else error.detail
    return None if isinstance(error, ApiError) else losses.told(error)
