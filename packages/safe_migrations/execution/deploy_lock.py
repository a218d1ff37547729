"""One deploy at a time: whoever changes the schema holds a lock of the database."""

import select
from collections.abc import Callable
from threading import Lock
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Engine

from safe_migrations.errors import LockedError
from serverless_postgres.retry import Patience

# Any numbers, as long as all deploys use the same ones.
_KEY = 5_120_260_001
_AT_WORK = 5_120_260_002
_FIRST_PAUSE_S = 0.05
_LONGEST_PAUSE_S = 1.0
_TOLD_AFTER_S = 1.0

_IS_HELD = """
    l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
    AND (l.classid::bigint << 32) | l.objid::bigint = %s
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""

# Whoever has lost the lock while a transaction of his goes on is still at work.
_TRY = f"""
    SELECT CASE WHEN pg_try_advisory_xact_lock(%s)
           THEN NOT EXISTS (SELECT FROM pg_locks l WHERE {_IS_HELD}) ELSE false END
"""  # noqa: S608  constants only

_HOLDER = f"""
    SELECT a.pid, coalesce(nullif(a.application_name, ''), 'unnamed'),
           extract(epoch FROM clock_timestamp() - a.xact_start)::int
    FROM pg_locks l JOIN pg_stat_activity a USING (pid)
    WHERE {_IS_HELD}
"""  # noqa: S608  constants only


_SETTINGS = """
    SET LOCAL idle_in_transaction_session_timeout = 0;
    SET LOCAL statement_timeout = 0;
    SET LOCAL lock_timeout = 0;
"""
"""Neon ends transactions that are idle for five minutes; an upgrade may last longer."""


class DeployLock:
    """An advisory lock on a connection of its own, held from `acquire` to the end of the block.

    It belongs to a transaction rather than to a session, so that it works through a pooler, too
    (Postgres documentation, 13.3.5). CREATE INDEX CONCURRENTLY waits for the end of each
    transaction that it has seen with a snapshot, which each has while it runs a statement. So the
    transaction that holds the lock does nothing else, and one that does not get it ends at once:
    otherwise a deploy might wait for its own lock, or for who waits for it, and so for ever.

    That connection may be lost while those of the work go on. So each transaction of the work
    begins with `mark`, and nobody else gets the lock before it ends.
    """

    def __init__(self, engine: Engine, *, wait_s: float, say: Callable[[str], None]) -> None:
        self._engine = engine
        self._wait_s = wait_s
        self._say = say
        self._holding: Any = None
        self._looking: Any = None
        self._one_at_a_time = Lock()
        self.is_held = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        for connection in (self._holding, self._looking):
            if connection is not None:
                connection.close()

    def fetch(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Run a query beside the schema change, in a transaction that ends with it.

        May be called from several threads.
        """
        with self._one_at_a_time:
            if self._looking is None:
                self._looking = self._connect()
                self._looking.autocommit = True
            with self._looking.cursor() as cursor:
                cursor.execute(statement, parameters or None)
                return list(cursor.fetchall())

    def try_acquire(self) -> bool:
        """Take the lock if it is free; True also when it is held already."""
        if self.is_held:
            return True
        if self._holding is None:
            self._holding = self._connect()
        with self._holding.cursor() as cursor:
            cursor.execute(_SETTINGS + _TRY, (_KEY, _AT_WORK))
            self.is_held = cursor.fetchone()[0]
        if not self.is_held:
            self._holding.rollback()
        return self.is_held

    def acquire(self) -> None:
        """Wait until the lock is free, and take it; LockedError after `wait_s` seconds."""
        patience = Patience(
            self._wait_s, first_s=_FIRST_PAUSE_S, longest_s=_LONGEST_PAUSE_S, drawn=0.5
        )
        is_told = False
        while not self.try_acquire():
            if not is_told and patience.elapsed_s >= _TOLD_AFTER_S:
                self._say(f"Waiting for another deploy ({self._holder()}) to finish ...")
                is_told = True
            if not patience.wait():
                message = (
                    f"Another deploy is changing this schema ({self._holder()}), for longer than "
                    f"{self._wait_s:g} s; nothing was changed. Run the command again later."
                )
                raise LockedError(message)

    @property
    def mark(self) -> str:
        """What a transaction of the work begins with, in SQL; empty while nothing is held.

        Raises psycopg2.Error when the lock has been lost.
        """
        self.check()
        return f"SELECT pg_advisory_xact_lock_shared({_AT_WORK});" if self.is_held else ""

    def check(self) -> None:
        """Raise psycopg2.Error when the lock has been held, and lost."""
        # A connection that waits for nothing has nothing to read but the news of its end, or that
        # a parameter of the server has changed.
        if self.is_held and select.select([self._holding], [], [], 0)[0]:
            with self._holding.cursor() as cursor:
                cursor.execute("SELECT")

    def _holder(self) -> str:
        found = self.fetch(_HOLDER, _KEY) or self.fetch(_HOLDER, _AT_WORK)
        if not found:
            return "which has just ended"
        pid, application, seconds = found[0]
        return f"pid {pid}, {application}, since {seconds} s"

    def _connect(self) -> Any:
        dialect = self._engine.dialect
        arguments, options = dialect.create_connect_args(self._engine.url)
        return dialect.connect(*arguments, **options)
