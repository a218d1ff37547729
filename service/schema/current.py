"""The revision of the database, read in the time of one query: without SQLAlchemy and Alembic."""

from collections.abc import Sequence
from contextlib import closing

import psycopg2

from service.db.neon_url import direct_text
from service.settings import Settings

# The table `schema_progress` is there only while a revision is half done.
_QUERY = """
    SELECT version_num, to_regclass('schema_progress') IS NOT NULL FROM alembic_version ORDER BY 1
"""


def read_current(x: Sequence[str] = ()) -> tuple[str, ...] | None:
    """Read the revisions that the database is at; none when it was never migrated.

    `x` are the arguments for env.py, of which `url=...` counts. None when the database can't be
    reached in this simple way, or when a revision was interrupted: the long way finds out and tells
    what is wrong.
    """
    settings = Settings.load()
    url = x_url(x)
    if url is None:
        url = settings.direct_database_url or settings.database_url
    elif not url:
        return None  # The long way says that it is no URL, rather than take another database.
    if not url and settings.is_production:
        return None
    try:
        address = direct_text(url) if url else _embedded(settings)
        timeout = settings.connect_timeout_s
        with (
            closing(psycopg2.connect(address, connect_timeout=timeout)) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(_QUERY)
            rows = cursor.fetchall()
            return None if any(row[1] for row in rows) else tuple(row[0] for row in rows)
    except psycopg2.errors.UndefinedTable:
        return ()
    except psycopg2.Error:
        return None


def x_url(x: Sequence[str]) -> str | None:
    """Find the URL among the arguments for env.py; the last one counts."""
    urls = [item.removeprefix("url=") for item in x if item.startswith("url=")]
    return urls[-1] if urls else None


def _embedded(settings: Settings) -> str:
    from service.db.embedded import EmbeddedPostgres  # noqa: PLC0415  seldom needed

    return EmbeddedPostgres(settings.instance_dir / "postgres").start()
