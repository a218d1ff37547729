"""Database URLs: which one counts, in the form that the driver wants, and fit to be shown."""

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from service.db.embedded import EmbeddedPostgres
from service.errors import ConfigurationError
from service.settings import Settings

NOT_SET = (
    "DATABASE_URL environment variable is not set. Set it in the environment or in .env, "
    "for example DATABASE_URL=postgresql://user:password@host/dbname"
)

_embedded: dict[str, EmbeddedPostgres] = {}


def parse(text: str) -> URL:
    """Parse a Postgres URL for psycopg2, the driver of this service.

    `postgres://` and `postgresql://` are taken as psycopg2 (SQLAlchemy 2.1 refuses the first and
    takes the second for psycopg 3). Raises ConfigurationError for anything else.
    """
    wrong = (
        "DATABASE_URL is not a Postgres URL; it has the form postgresql://user:password@host/dbname"
    )
    try:
        url = make_url(text)
        _ = url.port
    except (ArgumentError, ValueError):
        raise ConfigurationError(wrong + ".") from None
    scheme = url.drivername.split("+", 1)[0]
    if scheme not in {"postgres", "postgresql"}:
        message = f"{wrong}, and not {scheme}://."
        raise ConfigurationError(message)
    if not url.database:
        message = f"{wrong}: the name of the database is missing in {masked(url)}."
        raise ConfigurationError(message)
    return url.set(drivername="postgresql+psycopg2")


def masked(url: URL | str) -> str:
    """Write a URL for people to see, `***` in place of its password."""
    return make_url(url).render_as_string(hide_password=True).replace("+psycopg2", "", 1)


def resolve(settings: Settings, *, direct: bool = False) -> URL:
    """Find the database: the one that is set, else the embedded one, started when needed.

    `direct` asks for the one for schema changes. Raises ConfigurationError when none is set and
    none may be embedded, which is so in production.
    """
    text = (settings.direct_database_url if direct else None) or settings.database_url
    if text:
        return parse(text)
    if settings.is_production:
        raise ConfigurationError(NOT_SET + ".")
    folder = settings.instance_dir / "postgres"
    server = _embedded.setdefault(str(folder), EmbeddedPostgres(folder))
    return parse(server.start())
