"""Stands beside every statement of a revision: timeouts, the journal, index builds, progress."""

import re
from collections.abc import Callable
from typing import Any

from psycopg2.extensions import TRANSACTION_STATUS_IDLE, TRANSACTION_STATUS_INERROR
from sqlalchemy import Connection, event

from plain_commands.errors import ConfigurationError
from safe_migrations.execution import concurrent_index
from safe_migrations.execution.deploy_lock import DeployLock
from safe_migrations.execution.journal import Journal, is_counted
from safe_migrations.execution.lock_timeout import LockTimeout
from safe_migrations.execution.progress import Progress
from safe_migrations.settings import SchemaSettings

# Postgres refuses these inside a transaction. They hinder neither readers nor writers, and may wait
# long for other transactions to end, so lock_timeout is not for them.
OUTSIDE_TRANSACTION = re.compile(
    r"\s*(?:CREATE\s+(?:UNIQUE\s+)?INDEX\s+CONCURRENTLY|DROP\s+INDEX\s+CONCURRENTLY"
    r"|REINDEX\b.*\bCONCURRENTLY|VACUUM|ALTER\s+TABLE\b.*\bDETACH\s+PARTITION\b.*\bCONCURRENTLY"
    r"|(?:CREATE|DROP)\s+(?:DATABASE|TABLESPACE|SUBSCRIPTION)|ALTER\s+SYSTEM)\b",
    re.IGNORECASE | re.DOTALL,
)
# Rough, as function bodies have such words, too: the parser has the last word.
_TRANSACTION_CONTROL = re.compile(
    r"\b(?:COMMIT|ROLLBACK|ABORT|PREPARE\s+TRANSACTION)\b|(?:\A|;)\s*END\b", re.IGNORECASE
)
# Instead of a statement that an earlier run has committed: as many rows as that has touched.
_INSTEAD = "SELECT 1 FROM generate_series(1, {})"


def timeouts(settings: SchemaSettings) -> dict[str, str]:
    """Name the parameters of Postgres that hold while a revision runs."""
    chosen = {
        "lock_timeout": f"{settings.schema_lock_timeout_ms}ms",
        "TimeZone": "UTC",
        settings.mark.setting: "on",
    }
    if settings.schema_statement_timeout_s:
        chosen["statement_timeout"] = f"{settings.schema_statement_timeout_s}s"
    return chosen


class Statements:
    """Listens to a connection from `attach` on."""

    def __init__(
        self,
        journal: Journal,
        progress: Progress,
        lock: DeployLock,
        settings: SchemaSettings,
        say: Callable[[str], None],
    ) -> None:
        self._journal = journal
        self._lock = lock
        self._progress = progress
        self._say = say
        # A vanished client's statement ends within seconds, and with it its locks.
        chosen = {**timeouts(settings), "client_connection_check_interval": "5s"}
        self._begin = "; ".join(f"SET LOCAL {name} = '{value}'" for name, value in chosen.items())
        self._lock_timeout = LockTimeout(settings.schema_lock_timeout_ms)
        self._is_wrapped = False
        self._is_skipped = False
        self.is_revision_done = False
        self.is_rolled_back = False

    def attach(self, connection: Connection) -> None:
        """Listen to a connection that has not begun a transaction."""
        event.listen(connection, "begin", self._on_begin)
        event.listen(connection, "before_cursor_execute", self._before, retval=True)
        event.listen(connection, "after_cursor_execute", self._after)
        event.listen(connection, "commit", self._on_commit)
        event.listen(connection, "rollback", self._on_rollback)

    def _on_begin(self, connection: Connection) -> None:
        raw = _raw(connection)
        if not raw.autocommit:
            with raw.cursor() as cursor:
                self._prepare(cursor)

    def _prepare(self, cursor: Any) -> None:
        # nosemgrep: sql-of-pieces  numbers of the settings
        cursor.execute(f"{self._begin}; {self._lock.mark} SELECT pg_backend_pid()")
        self._progress.pid = cursor.fetchone()[0]

    def _before(
        self,
        connection: Connection,
        _cursor: Any,
        statement: str,
        parameters: Any,
        _context: object,
        _executemany: bool,  # noqa: FBT001  as SQLAlchemy calls it
    ) -> tuple[str, Any]:
        raw = _raw(connection)
        self._abandon_failed(raw)
        if not raw.autocommit:
            refuse_control(statement)
        # A transaction that the revision itself has begun in an autocommit block is its own affair.
        is_single = raw.autocommit and raw.info.transaction_status == TRANSACTION_STATUS_IDLE
        if raw.autocommit and not is_single:
            return statement, parameters
        rows = self._journal.count(statement, parameters)
        self._is_skipped = rows is not None
        if rows is not None:
            return _INSTEAD.format(rows), ()
        if is_single and not self._begin_single(raw, statement):
            return _INSTEAD.format(0), ()
        self._progress.cancel = raw.cancel
        self._progress.begin(statement)
        return self._lock_timeout.kept(statement), parameters

    def _begin_single(self, raw: Any, statement: str) -> bool:
        with raw.cursor() as cursor:
            if not OUTSIDE_TRANSACTION.match(statement):
                # Committed together with its note in the journal.
                cursor.execute("BEGIN")
                self._prepare(cursor)
                self._is_wrapped = True
                return True
            self._lock.check()
            cursor.execute("SELECT pg_backend_pid()")
            self._progress.pid = cursor.fetchone()[0]
            self._journal.announce(cursor)
            return concurrent_index.is_needed(
                cursor, statement, resumed=self._journal.is_at_the_break, say=self._say
            )

    def _after(
        self,
        connection: Connection,
        cursor: Any,
        statement: str,
        _parameters: Any,
        _context: object,
        _executemany: bool,  # noqa: FBT001  as SQLAlchemy calls it
    ) -> None:
        self._progress.end()
        raw = _raw(connection)
        if not self._is_skipped and self._lock_timeout.restore(raw, statement):
            self._say(
                "A statement took lock_timeout away, or made it long: it holds again as it was. "
                "`flask db lint` tells where, and why."
            )
        if is_counted(statement) and not self._is_skipped:
            self._journal.counted(cursor.rowcount)
        if not raw.autocommit or self._is_skipped:
            return
        if self._is_wrapped or raw.info.transaction_status == TRANSACTION_STATUS_IDLE:
            with raw.cursor() as noting:
                self._journal.write(noting)
                if self._is_wrapped:
                    noting.execute("COMMIT")
                    self._is_wrapped = False

    def _abandon_failed(self, raw: Any) -> None:
        if self._is_wrapped and raw.info.transaction_status == TRANSACTION_STATUS_INERROR:
            with raw.cursor() as cursor:
                cursor.execute("ROLLBACK")
            self._is_wrapped = False

    def _on_rollback(self, _connection: Connection) -> None:
        self.is_rolled_back = True

    def _on_commit(self, connection: Connection) -> None:
        raw = _raw(connection)
        if raw.autocommit:
            # The end of an autocommit block, also of one that failed.
            self._abandon_failed(raw)
            return
        with raw.cursor() as cursor:
            if self.is_revision_done:
                self._journal.forget(cursor)
            else:
                self._journal.write(cursor)


def refuse_control(statement: str) -> None:
    """Raise ConfigurationError for what would end the transaction that keeps a revision whole."""
    if not _TRANSACTION_CONTROL.search(statement):
        return
    import postgast  # noqa: PLC0415  it takes a quarter of a second to import
    from postgast import pg_query_pb2 as pg  # noqa: PLC0415

    try:
        parsed = postgast.parse(statement)
    except postgast.PgQueryError:
        return  # Postgres itself says what is wrong with it.
    ends = {pg.TRANS_STMT_COMMIT, pg.TRANS_STMT_ROLLBACK, pg.TRANS_STMT_PREPARE}
    if any(item.stmt.transaction_stmt.kind in ends for item in parsed.stmts):
        message = (
            f"The revision says {' '.join(statement.split())[:60]!r}, which would end the "
            "transaction that keeps it whole; it is not applied. What has to run outside of it "
            "belongs into `with op.get_context().autocommit_block():`."
        )
        raise ConfigurationError(message)


def _raw(connection: Connection) -> Any:
    return connection.connection.dbapi_connection
