"""Another Postgres database, opened for reading by its URL."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg2
from psycopg2 import extensions

from plain_commands.errors import InvalidInputError, UnavailableError
from serverless_postgres import neon_url, url_text
from serverless_postgres.losses import is_connection_loss
from serverless_postgres.refusals import refusal
from serverless_postgres.settings import PostgresSettings
from sqlite_to_postgres.expected import Expected
from sqlite_to_postgres.postgres_tables import PostgresTables, Refuse, open_tables

VARIABLE = "SOURCE"
"""What messages call the URL."""


@contextmanager
def open_database(
    url: str,
    expected: Expected,
    settings: PostgresSettings,
    *,
    application_name: str = "sqlite_to_postgres",
    refuse: Refuse | None = None,
) -> Iterator[PostgresTables]:
    """Open a database in one transaction, in which nothing can be written, nor changes by others.

    `settings` tell how long to wait for it. Raises PlainError for one that can't be reached or
    read, or whose tables are not those expected.
    """
    parts = neon_url.with_tls(url_text.read(url, VARIABLE))
    name = parts.text(hide_password=True)
    with (
        closing(_connect(parts.text(), name, settings, application_name)) as connection,
        open_tables(
            connection, expected, name=name, refuse=refuse, when_read=connection.close
        ) as tables,
    ):
        yield tables


def _connect(
    url: str, name: str, settings: PostgresSettings, application_name: str
) -> extensions.connection:
    connection = None
    try:
        connection = psycopg2.connect(
            url,
            connect_timeout=settings.connect_timeout_s,
            keepalives_idle=settings.keepalives_idle_s,
            keepalives_interval=settings.keepalives_interval_s,
            keepalives_count=settings.keepalives_count,
            tcp_user_timeout=settings.tcp_user_timeout_ms,
            application_name=application_name,
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
