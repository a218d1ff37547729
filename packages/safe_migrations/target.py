"""Which database a command on the schema is about, and a connection to it that only looks."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from sqlalchemy import URL, Connection, create_engine, pool
from sqlalchemy.exc import DBAPIError, OperationalError

from plain_commands.errors import ConfigurationError
from safe_migrations.current import X_URL, source, x_url
from safe_migrations.execution.explanation import explain
from safe_migrations.inspection import Server
from serverless_postgres.losses import describe
from serverless_postgres.settings import PostgresSettings
from serverless_postgres.url import is_neon, is_pooled, parse, resolve


@dataclass(frozen=True, slots=True)
class Target:
    """A database and where its URL comes from, as `source` names it."""

    source: str
    url: URL

    @property
    def is_neon(self) -> bool:
        """Whether it is one of Neon's."""
        return is_neon(self.url)


def target(settings: PostgresSettings, x: tuple[str, ...] = ()) -> Target:
    """Find the database for schema changes, in env.py's order; `x` are the arguments for env.py.

    Starts the embedded server when that is it. Raises ConfigurationError if there is none.
    """
    given = x_url(x)
    url = parse(given, X_URL) if given is not None else resolve(settings, direct=True)
    return Target(source(settings, x), url)


@contextmanager
def connected(url: URL, *, timeout_s: int) -> Iterator[Connection]:
    """Connect in AUTOCOMMIT, so that looking holds no locks; errors are those of SQLAlchemy."""
    engine = create_engine(
        url,
        poolclass=pool.NullPool,
        isolation_level="AUTOCOMMIT",
        connect_args={"connect_timeout": timeout_s, "application_name": "flask db inspection"},
    )
    with engine.connect() as connection:
        yield connection


@contextmanager
def opened(target: Target, settings: PostgresSettings) -> Iterator[Connection]:
    """Connect as `connected` does; raises ConfigurationError when the database refuses it."""
    with ExitStack() as stack:
        try:
            connection = stack.enter_context(
                connected(target.url, timeout_s=settings.connect_timeout_s)
            )
        except OperationalError as error:
            raise ConfigurationError(describe(error)) from error
        try:
            yield connection
        except DBAPIError as error:
            raise explain(error) from error


def measured_connect_s(url: URL, *, timeout_s: int) -> float:
    """Connect once more and return how long it took, in seconds."""
    began = time.monotonic()
    with connected(url, timeout_s=timeout_s):
        return time.monotonic() - began


def goes_through_pooler(target: Target, connection: Connection, server: Server) -> bool:
    """Tell whether a pooler stands between.

    A pooler shares server processes among clients, so it tells its clients made-up process ids.
    Neon's proxy does that on direct connections, too: there the name of the host says it.
    """
    if target.is_neon:
        return is_pooled(target.url)
    driver = connection.connection.driver_connection
    return driver is not None and driver.info.backend_pid != server.backend
