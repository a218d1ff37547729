"""The database of a process: its servers, and what watches over their connections."""

import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from threading import BoundedSemaphore
from typing import Any, TypeVar

import psycopg2.extras
from sqlalchemy import Connection

from serverless_postgres.replica import ReadFrom, Replica
from serverless_postgres.server import PoolStatus, Server
from serverless_postgres.settings import PostgresSettings
from serverless_postgres.url import is_here, parse, resolve

psycopg2.extras.register_uuid()  # type: ignore[no-untyped-call]

# JSON built by Postgres prints times in the session's zone. libpq passes PGTZ in its first message
# as the parameter TimeZone, which poolers in transaction mode know and keep apart per client; they
# refuse `options=-c timezone=UTC`, and SET would leak to other clients.
# (PostgreSQL 18, 32.15 "Environment Variables".)
# nosemgrep: environment-outside-settings  libpq reads it there
os.environ["PGTZ"] = "UTC"

T = TypeVar("T")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sent:
    """One round trip: what was sent, how long the answer took, and the error if it was one.

    `server` is "primary" or "replica".
    """

    sql: str
    parameters: Mapping[str, Any] | None
    seconds: float
    error: BaseException | None
    server: str = "primary"


class Database:
    """What the units of work of one process share; nothing is connected before it is needed."""

    def __init__(self, settings: PostgresSettings) -> None:
        self.settings = settings
        self.mark = settings.mark
        self.primary = Server(settings, lambda: resolve(settings))
        self.replica = _replica(settings)
        self.listeners: list[Callable[[Sent], None]] = []
        """Called after each round trip of a unit of work, in its thread."""
        self.retry_listeners: list[Callable[[str], None]] = []
        """Called with the reason, one word, before something is tried again."""
        self.read_listeners: list[Callable[[ReadFrom], None]] = []
        """Called after each read that the replica could have answered."""
        self.searches = BoundedSemaphore(max(1, settings.threads // 4))
        """Places for queries that no index answers: the other threads, and Postgres's processors,
        are for those that take milliseconds."""
        self._has_complained = False

    @property
    def is_of_developer(self) -> bool:
        """Whether this is development, and the database on this machine: nobody else's."""
        if self.settings.is_production:
            return False
        return self.settings.database_url is None or is_here(resolve(self.settings))

    def tell(self, listeners: Iterable[Callable[[T], None]], what: T) -> None:
        """Tell listeners; one that fails is for the log, as what it listens to has been done."""
        for listener in listeners:
            try:
                listener(what)
            except Exception:  # noqa: BLE001  they must not break what they listen to
                # Once is enough for the log.
                if not self._has_complained:
                    self._has_complained = True
                    _log.exception("A listener of the database fails; this is logged only once.")

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Run one transaction, committed at the end and rolled back on any exception."""
        engine = self.primary.engine.execution_options(isolation_level="READ COMMITTED")
        with engine.begin() as connection:
            yield connection

    def pools(self) -> dict[str, PoolStatus]:
        """Count the connections to `primary` and, if there is one, to `replica`."""
        return {server.name: server.pool_status() for server in self._servers()}

    def stop_waiting(self) -> None:
        """Let nobody wait for the database any more, because this process is about to stop."""
        for server in self._servers():
            server.outage.ended.set()

    def dispose(self) -> None:
        """Close all connections."""
        for server in self._servers():
            server.dispose()

    def _servers(self) -> list[Server]:
        return [self.primary, *([self.replica.server] if self.replica else [])]


def _replica(settings: PostgresSettings) -> Replica | None:
    url = settings.database_read_url
    return Replica(settings, lambda: parse(url, "DATABASE_READ_URL")) if url else None
