"""The revision of the database, read in the time of one query: without SQLAlchemy and Alembic."""

from collections.abc import Sequence
from contextlib import closing

import psycopg2

from plain_commands.errors import ConfigurationError
from safe_migrations.project import Project
from serverless_postgres.neon_url import direct_text, with_tls
from serverless_postgres.settings import PostgresSettings
from serverless_postgres.url_text import NOT_SET, read

EMBEDDED = "the embedded server"
X_URL = "-x url"

# The table `schema_progress` is there only while a revision is half done.
_QUERY = """
    SELECT version_num, to_regclass('schema_progress') IS NOT NULL, {is_suspect}
    FROM alembic_version ORDER BY 1
"""


def read_current(
    project: Project, x: Sequence[str] = (), *, is_wary: bool = False
) -> tuple[str, ...] | None:
    """Read the revisions that the database is at; none when it was never migrated.

    `x` are the arguments for env.py. None when the database can't be reached in this simple way, or
    when a revision was interrupted: the long way finds out and tells what is wrong. So it is for
    who `is_wary`, when the tables may not be those that the revisions of this project make. Raises
    ConfigurationError when there is no database.
    """
    settings = project.settings
    url = address(settings, x)
    try:
        with (
            closing(
                psycopg2.connect(url, connect_timeout=settings.connect_timeout_s)
            ) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(_QUERY.format(is_suspect=project.is_suspect))
            rows = cursor.fetchall()
            is_doubtful = any(row[1] or (is_wary and row[2]) for row in rows)
            return None if is_doubtful else tuple(row[0] for row in rows)
    except psycopg2.errors.UndefinedTable:
        return ()
    except psycopg2.Error:
        return None


def source(settings: PostgresSettings, x: Sequence[str] = ()) -> str:
    """Name where the URL for schema changes comes from, without looking at it."""
    if x_url(x) is not None:
        return X_URL
    if settings.direct_database_url:
        return "DIRECT_DATABASE_URL"
    if settings.database_url:
        return settings.database_url_name
    return "DATABASE_URL" if settings.is_production else EMBEDDED


def address(settings: PostgresSettings, x: Sequence[str] = ()) -> str:
    """Write the URL of the database for schema changes as libpq takes it, in env.py's order.

    Starts the embedded server when that is it. Raises ConfigurationError when there is none.
    """
    given = x_url(x)
    if given is not None:
        return with_tls(read(given, X_URL)).text()
    if settings.direct_database_url:
        return direct_text(settings.direct_database_url, "DIRECT_DATABASE_URL")
    if settings.database_url:
        return direct_text(settings.database_url, settings.database_url_name)
    if settings.is_production:
        raise ConfigurationError(NOT_SET + ".")
    from serverless_postgres.embedded import EmbeddedPostgres  # noqa: PLC0415  seldom needed

    return EmbeddedPostgres.configured(settings).start()


def x_url(x: Sequence[str]) -> str | None:
    """Find the URL among the arguments for env.py; the last one counts."""
    pairs = [item.partition("=") for item in x]
    urls = [value for name, _, value in pairs if name == "url"]
    return urls[-1] if urls else None
