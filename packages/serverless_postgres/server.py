"""A Postgres server as one process sees it: its connections, and whether it can be reached."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock, local
from typing import Any

from psycopg2.extensions import BYTES, JSON
from sqlalchemy import URL, Engine, PoolProxiedConnection, QueuePool, create_engine, event
from sqlalchemy.exc import DisconnectionError

from serverless_postgres import capacity
from serverless_postgres.retry import Outage
from serverless_postgres.settings import PostgresSettings
from serverless_postgres.watchdog import Watchdog

LEAST_CONNECT_S = 2
"""libpq takes no less (PostgreSQL 18, 32.1.2, connect_timeout)."""


@dataclass(frozen=True, slots=True)
class PoolStatus:
    """How many connections a process has: in use, idle, beyond `size`, and at most."""

    size: int
    in_use: int
    idle: int
    overflow: int
    limit: int


class Server:
    """The connections of one process to one server, made when they are first needed."""

    def __init__(
        self, settings: PostgresSettings, url: Callable[[], URL], name: str = "primary"
    ) -> None:
        self.name = name
        self.outage = Outage(
            settings.retry_budget_s, settings.connect_timeout_s + settings.statement_timeout_s
        )
        self.watchdog = Watchdog(settings.statement_timeout_s)
        self._settings = settings
        self._url = url
        self._engine: Engine | None = None
        self._lock = Lock()
        self._attempt = local()
        self._doubtful_since = 0.0
        self._is_compared = False

    @property
    def engine(self) -> Engine:
        """The engine; each connection is in AUTOCOMMIT, so a lone statement is one round trip."""
        if self._engine is None:
            with self._lock:
                if self._engine is None:
                    self._engine = self._make_engine()
        return self._engine

    def connect(self, attempt: int = 1, left_s: float = math.inf) -> PoolProxiedConnection:
        """Take a connection from the pool.

        `attempt` tells how often that has been tried, `left_s` how much time there is. Raises what
        psycopg2 and the pool raise.
        """
        self._attempt.number = attempt
        self._attempt.left_s = left_s
        try:
            return self.engine.raw_connection()
        finally:
            self._leave()

    def lost(self) -> None:
        """Note that a connection was lost: whatever took it may have taken the idle ones, too."""
        self._doubtful_since = time.monotonic()

    def pool_status(self) -> PoolStatus:
        """Count the connections."""
        size, most = self._settings.pool_size, self._settings.pool_max_overflow
        if self._engine is None or not isinstance(self._engine.pool, QueuePool):
            return PoolStatus(size, 0, 0, 0, size + most)
        pool = self._engine.pool
        return PoolStatus(
            size, pool.checkedout(), pool.checkedin(), max(0, pool.overflow()), size + most
        )

    def dispose(self) -> None:
        """Close all connections."""
        if self._engine is not None:
            self._engine.dispose()

    def _make_engine(self) -> Engine:
        settings = self._settings
        engine = create_engine(
            self._url(),
            isolation_level="AUTOCOMMIT",
            pool_size=settings.pool_size,
            max_overflow=settings.pool_max_overflow,
            pool_timeout=settings.pool_timeout_s,
            pool_recycle=settings.pool_recycle_s,
            # The least used connections go idle, and can be closed.
            pool_use_lifo=True,
            connect_args={
                # Both are needed: without them a silent network hangs a query for good.
                "keepalives_idle": settings.keepalives_idle_s,
                "keepalives_interval": settings.keepalives_interval_s,
                "keepalives_count": settings.keepalives_count,
                "tcp_user_timeout": settings.tcp_user_timeout_ms,
                "application_name": settings.application,
            },
        )
        event.listen(engine, "do_connect", self._connect_in_time)
        event.listen(engine, "connect", leave_json_undecoded)
        event.listen(engine, "connect", self._compare_once)
        event.listen(engine, "checkin", _note_idle)
        event.listen(engine, "checkout", self._ping)
        return engine

    def _connect_in_time(
        self, dialect: Any, _record: object, arguments: Any, parameters: dict[str, Any]
    ) -> Any:
        """Connect; the first attempts get little time and later ones more.

        What is lost on the way is sent again by TCP after 1, 3, 7 seconds: to start anew is faster
        after a short silence, and a slow server gets its time after all.
        """
        settings = self._settings
        doublings = max(0, getattr(self._attempt, "number", 1) - 2)
        wait = min(
            settings.connect_first_timeout_s * 2**doublings,
            settings.connect_timeout_s,
            max(LEAST_CONNECT_S, getattr(self._attempt, "left_s", math.inf)),
        )
        connection = dialect.connect(*arguments, **{**parameters, "connect_timeout": int(wait)})
        # SQLAlchemy asks a new connection a few things, and a pooler accepts one that it has no
        # server for: without a limit the first request would wait for that, and all others for it.
        self._watch(connection, wait)
        return connection

    def _compare_once(self, connection: Any, _record: object) -> None:
        """Compare the number of connections with the server's, with the first of them."""
        if not self._is_compared:
            self._is_compared = True
            capacity.compare(connection, self.engine.url, self._settings)

    def _ping(self, connection: Any, record: Any, _proxy: object) -> None:
        """Ping what has been idle; a ping at each checkout would double a read's round trips."""
        self._leave()
        idle_since = record.info.get("idle_since")
        if idle_since is None:
            return
        is_doubtful = idle_since < self._doubtful_since
        if not is_doubtful and time.monotonic() - idle_since < self._settings.pool_ping_idle_s:
            return
        dialect = self.engine.dialect
        self._watch(connection, self._settings.connect_first_timeout_s)
        try:
            dialect.do_ping(connection)
        except dialect.loaded_dbapi.Error as error:
            self.lost()
            raise DisconnectionError from error
        finally:
            self._leave()

    def _watch(self, connection: Any, limit_s: float) -> None:
        self._attempt.watched = self.watchdog.watch(connection, limit_s)

    def _leave(self) -> None:
        """Watch no longer what this thread has begun to watch."""
        watched = getattr(self._attempt, "watched", None)
        if watched is not None:
            self._attempt.watched = None
            self.watchdog.leave(watched)


def leave_json_undecoded(connection: Any, _record: object) -> None:
    """Have psycopg2 hand out `json` as bytes, for which it has no function of its own."""
    connection.string_types[JSON.values[0]] = BYTES


def _note_idle(_connection: object, record: Any) -> None:
    record.info["idle_since"] = time.monotonic()
