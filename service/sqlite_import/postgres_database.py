"""Another database that holds the predecessor's tables, opened for reading by its URL."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg2
from psycopg2 import extensions

from plain_commands.errors import InvalidInputError, UnavailableError
from serverless_postgres import neon_url, url_text
from serverless_postgres.database import Database
from serverless_postgres.losses import is_connection_loss
from serverless_postgres.refusals import refusal
from serverless_postgres.settings import PostgresSettings
from service.sqlite_import.importing import explained
from service.sqlite_import.postgres_tables import PostgresTables, open_tables

VARIABLE = "SOURCE"
"""What messages call the URL."""

# When it was started tells a server from all others, whoever asks.
_PLACE = """
    SELECT pg_postmaster_start_time()::text, oid FROM pg_database
    WHERE datname = current_database()
"""


@contextmanager
def open_database(url: str, target: Database) -> Iterator[PostgresTables]:
    """Open a database in one transaction, in which nothing can be written, nor changes by others.

    Raises PlainError for one that can't be reached or read, whose tables are not those of the
    predecessor, or that is the `target` itself.
    """
    parts = neon_url.with_tls(url_text.read(url, VARIABLE))
    name = parts.text(hide_password=True)
    with (
        closing(_connect(parts.text(), name, target.settings)) as connection,
        open_tables(connection, name=name, when_read=connection.close) as tables,
    ):
        _refuse_same(connection, target, name)
        yield tables


def _connect(url: str, name: str, settings: PostgresSettings) -> extensions.connection:
    connection = None
    try:
        connection = psycopg2.connect(
            url,
            connect_timeout=settings.connect_timeout_s,
            keepalives_idle=settings.keepalives_idle_s,
            keepalives_interval=settings.keepalives_interval_s,
            keepalives_count=settings.keepalives_count,
            tcp_user_timeout=settings.tcp_user_timeout_ms,
            application_name="trip-planner import",
            client_encoding="utf8",
        )
        # It is said with BEGIN, so that a pooler hands on the connection as it was.
        connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
        with connection.cursor() as cursor:
            # A pooler looks for a server now, and not before.
            cursor.execute("SET LOCAL lock_timeout = '10s'")
    except psycopg2.Error as error:
        if connection:
            connection.close()
        said = refusal(str(error)).said.replace("DATABASE_URL", VARIABLE)
        message = f"{name} can't be opened. {said}"
        if is_connection_loss(error):
            raise UnavailableError(message) from error
        raise InvalidInputError(message) from error
    return connection


def _refuse_same(source: extensions.connection, target: Database, name: str) -> None:
    with source.cursor() as cursor:
        cursor.execute(_PLACE)
        place = cursor.fetchone()
    with explained(), target.transaction() as connection:
        is_same = connection.exec_driver_sql(_PLACE).one() == place
    if is_same:
        message = (
            f"{name} is the very database of this service: `flask db adopt` takes over the "
            "prototype's tables in it, where they are."
        )
        raise InvalidInputError(message)
