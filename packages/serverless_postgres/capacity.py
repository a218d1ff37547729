"""Whether all processes of the service may have their connections, or the server runs out first."""

import logging
from typing import Any

import psycopg2
from sqlalchemy import URL

from serverless_postgres.settings import PostgresSettings
from serverless_postgres.url import is_neon, is_pooled

NEON_POOLER_CLIENTS = 10_000
"""Neon's manual, "Connection pooling": what its PgBouncer admits (max_client_conn)."""

_LIMITS = """
SELECT pg_backend_pid(), current_setting('max_connections')::int
    - current_setting('superuser_reserved_connections')::int
    - coalesce(current_setting('reserved_connections', true), '0')::int
"""

_log = logging.getLogger(__name__)


def compare(connection: Any, url: URL, settings: PostgresSettings) -> None:
    """Warn when the pools of all processes together exceed what the server admits.

    `connection` is one of psycopg2's; it takes one round trip.
    """
    admitted = _admitted(connection, url)
    each = settings.pool_size + settings.pool_max_overflow
    wanted = each * settings.workers * settings.instances
    if admitted is None or wanted <= admitted:
        return
    _log.warning(
        "The service may open %d connections: POOL_SIZE %d + POOL_MAX_OVERFLOW %d, "
        "for each of WORKERS %d on each of INSTANCES %d. %s admits %d. %s, or requests are refused "
        "under load.",
        wanted,
        settings.pool_size,
        settings.pool_max_overflow,
        settings.workers,
        settings.instances,
        "Neon's pooler" if is_pooled(url) else "The server",
        admitted,
        "Lower them"
        if is_pooled(url)
        else "Lower them, or connect through a pooler (on Neon, the host with -pooler)",
    )


def _admitted(connection: Any, url: URL) -> int | None:
    """Find how many connections are admitted; None when nobody can tell.

    A pooler has a limit of its own, which it does not tell. It is known by the process that it
    names in place of the server's: Neon's proxy does that, too, also where no pooler is behind it.
    """
    if is_pooled(url):
        return NEON_POOLER_CLIENTS
    try:
        with connection.cursor() as cursor:
            cursor.execute(_LIMITS)
            pid, admitted = cursor.fetchone()
    except (psycopg2.ProgrammingError, psycopg2.DataError):  # A server of another make.
        return None
    is_behind_pooler = pid != connection.get_backend_pid() and not is_neon(url)
    return None if is_behind_pooler else int(admitted)
