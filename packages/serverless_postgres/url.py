"""Database URLs: which one counts, in the form that the driver wants, and fit to be shown."""

import logging
from functools import cache

from sqlalchemy.engine import URL

from plain_commands.errors import ConfigurationError
from serverless_postgres import neon_url, url_text
from serverless_postgres.embedded import EmbeddedPostgres
from serverless_postgres.settings import PostgresSettings
from serverless_postgres.url_text import NOT_SET, Parts

_log = logging.getLogger(__name__)
_embedded: dict[str, EmbeddedPostgres] = {}


def parse(text: str, variable: str = "DATABASE_URL") -> URL:
    """Parse a Postgres URL for psycopg2; messages say `variable`.

    Every usual scheme is taken (SQLAlchemy 2.1 refuses `postgres://` and takes `postgresql://` for
    psycopg 3). Neon refuses plain connections: where its URL does not say, `sslmode=require` is
    added, and the log says so once. Raises ConfigurationError for what is no Postgres URL.
    """
    parts = url_text.read(text, variable)
    if neon_url.lacks_tls(parts):
        tell_of_tls(variable)
    return _as_url(neon_url.with_tls(parts))


def masked(url: URL | str) -> str:
    """Write a URL for people to see, `***` in place of its password; it may be malformed."""
    return url_text.masked(_as_text(url))


def is_neon(url: URL | str) -> bool:
    """Tell whether a URL leads to Neon."""
    return neon_url.is_neon(_parts(url))


def is_here(url: URL | str) -> bool:
    """Tell whether a URL leads to this machine, by its address or a Unix socket."""
    return all(
        host in {"", "localhost", "127.0.0.1", "::1"} or host.startswith("/")
        for host, _ in _parts(url).hosts
    )


def is_pooled(url: URL | str) -> bool:
    """Tell whether a URL leads to a Neon pooler."""
    return neon_url.is_pooled(_parts(url))


def make_direct(url: URL) -> URL:
    """Lead past Neon's pooler; any other URL stays as it is."""
    return _as_url(neon_url.direct(_parts(url)))


def resolve(settings: PostgresSettings, *, direct: bool = False) -> URL:
    """Find the database: the one that is set, else the embedded one, started when needed.

    `direct` asks for the one for schema changes: DIRECT_DATABASE_URL, else DATABASE_URL past the
    pooler. Raises ConfigurationError when none is set and none may be embedded, which is so in
    production.
    """
    if direct and settings.direct_database_url:
        return make_direct(parse(settings.direct_database_url, "DIRECT_DATABASE_URL"))
    if settings.database_url:
        url = parse(settings.database_url, settings.database_url_name)
        return make_direct(url) if direct else url
    if settings.is_production:
        raise ConfigurationError(NOT_SET + ".")
    folder = settings.instance_dir / "postgres"
    server = _embedded.setdefault(str(folder), EmbeddedPostgres.configured(settings))
    return parse(server.start())


@cache
def tell_of_tls(variable: str) -> None:
    """Say once per process that a URL was completed."""
    _log.warning("%s leads to Neon and does not ask for TLS: sslmode=require is added.", variable)


def _as_text(url: URL | str) -> str:
    return url if isinstance(url, str) else url.render_as_string(hide_password=False)


def _parts(url: URL | str) -> Parts:
    return url_text.read(_as_text(url))


def _as_url(parts: Parts) -> URL:
    hosts = parts.hosts
    query: dict[str, str | tuple[str, ...]] = dict(parts.query)
    is_plain = len(hosts) == 1 and not hosts[0][0].startswith("/")
    host, port = hosts[0] if is_plain else (None, None)
    if not is_plain:
        # SQLAlchemy wants several hosts, and folders, as parameters, all with a port or none.
        is_any_port_set = any(port for _, port in hosts)
        query["host"] = tuple(
            f"{name}:{port or 5432}" if is_any_port_set else name for name, port in hosts
        )
    return URL.create(
        "postgresql+psycopg2",
        username=parts.user,
        password=parts.password,
        host=host or None,
        port=port,
        database=parts.database or None,
        query=query,
    )
