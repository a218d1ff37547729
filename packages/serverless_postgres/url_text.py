"""Database URLs as text, taken apart and put together as libpq does, without SQLAlchemy.

The form is that of PostgreSQL 18, 32.1.1.2 "Connection URIs". Read more tolerantly than libpq: a
password may hold `@`, `:`, `/`, `?` or `%` as it is, because that is how people paste them.
"""

import re
from dataclasses import dataclass, replace
from functools import cache
from urllib.parse import quote, unquote_plus, unquote_to_bytes

import psycopg2
from psycopg2.extensions import parse_dsn

from plain_commands.errors import ConfigurationError

FORM = "postgresql://user:password@host/dbname"
HIDDEN = "***"
NOT_SET = (
    "DATABASE_URL environment variable is not set. Set it in the environment or in .env, "
    "for example DATABASE_URL=postgresql://user:password@host/dbname"
)

_HOST = r"(?:\[[0-9A-Fa-f:.]+\]|[\w.%-]*)(?::\d{1,5})?"
_LOCATION = rf"(?P<hosts>{_HOST}(?:,{_HOST})*)(?:/(?P<database>[^?@]*))?(?:\?(?P<query>.*))?"
_STRICT = re.compile(rf"(?:(?P<login>[^/?#@]*)@)?{_LOCATION}", re.DOTALL)
_LOCATION_WITH_DATABASE = re.compile(_LOCATION.replace(r"[^?@]*))?", r"[^?@]+))"), re.DOTALL)
_SECRETS = {"password", "sslpassword"}
# What other drivers and tools understand, and libpq refuses; leaving it out changes nothing.
_FOREIGN = {
    "connection_limit",
    "pgbouncer",
    "pool_timeout",
    "prepared_statement_cache_size",
    "prepareThreshold",
    "socket_timeout",
    "statement_cache_size",
    "supports_prepared_statements",
}
_PASTED = {
    r"^\s*psql\b": "it is a whole psql command, of which only what stands between the quotes is "
    "wanted",
    r"^\s*(export\s+)?\w+=\s*['\"]?postgres": "it repeats the name of a variable; only what "
    "follows the = is wanted",
    r"^['\"]|['\"]$": "it has quotes around it; leave them out",
    r"^\s|\s$|[\r\n\t]": "it has spaces or line breaks in it; leave them out",
    r"^jdbc:": f"it is one of JDBC; it wants the form {FORM}, without jdbc: and with the user",
    r"^(host|dbname|user|port|password)\s*=": f"it is a list of keywords; it wants the form {FORM}",
}


@dataclass(frozen=True, slots=True)
class Parts:
    """A Postgres URL taken apart, everything decoded; `encoded` tells whether it was well-formed.

    A host may be a folder (of a Unix socket); a port is None where the URL names none.
    """

    user: str | None
    password: str | None
    hosts: tuple[tuple[str, int | None], ...]
    database: str
    query: tuple[tuple[str, str], ...] = ()
    encoded: bool = True

    def parameter(self, name: str) -> str | None:
        """Find a parameter of the query; the last one counts."""
        return dict(self.query).get(name)

    def with_parameter(self, name: str, value: str | None) -> "Parts":
        """Set a parameter of the query, or drop it (None)."""
        query = tuple(item for item in self.query if item[0] != name)
        return replace(self, query=query if value is None else (*query, (name, value)))

    def text(self, *, hide_password: bool = False) -> str:
        """Write the URL as libpq takes it."""
        login = ""
        if self.user is not None:
            login = quote(self.user, safe="")
            if self.password is not None:
                login += ":" + (HIDDEN if hide_password else quote(self.password, safe=""))
            login += "@"
        hosts = ",".join(_write_host(*host) for host in self.hosts)
        pairs = (
            f"{name}={HIDDEN if hide_password and name in _SECRETS else quote(value, safe='')}"
            for name, value in self.query
        )
        query = "&".join(pairs)
        database = quote(self.database, safe="")
        return f"postgresql://{login}{hosts}/{database}" + (f"?{query}" if query else "")


def read(text: str, variable: str = "DATABASE_URL") -> Parts:
    """Take a URL apart; `variable` is what messages call it.

    Parameters of other tools that libpq does not know are dropped where that is harmless.
    Raises ConfigurationError, without any password, saying what is wrong with it.
    """
    wrong = f"{variable} is not a Postgres URL"
    scheme, separator, rest = text.partition("://")
    if reason := _pasted(text):
        message = f"{wrong}: {reason}."
        raise ConfigurationError(message)
    if separator and re.fullmatch(r"[a-z][a-z0-9+]*", scheme):
        if scheme.split("+", 1)[0] not in {"postgres", "postgresql"}:
            message = f"{wrong}; it has the form {FORM}, and not {scheme}://."
            raise ConfigurationError(message)
        if parts := _take_apart(rest):
            return _checked(parts, variable)
    message = f"{wrong}; it has the form {FORM}."
    raise ConfigurationError(message)


def masked(text: str) -> str:
    """Write a URL for people to see, `***` for its password; of what is no URL, show nothing."""
    try:
        return read(text).text(hide_password=True)
    except ConfigurationError:
        scheme = re.match(r"[a-z][a-z0-9+]*://", text)
        return (scheme[0] if scheme else "") + HIDDEN


def _pasted(text: str) -> str | None:
    """Say what somebody pasted that is more, or less, than a URL."""
    return next((said for pattern, said in _PASTED.items() if re.search(pattern, text)), None)


def _take_apart(rest: str) -> Parts | None:
    found = _STRICT.fullmatch(rest)
    if found and "@" not in (found["database"] or ""):
        return _parts(found["login"], found)
    # The login holds an @ or more as it is. Of the @ that could end it, the right-most one that is
    # followed by a host and a database does.
    for position in reversed([match.start() for match in re.finditer("@", rest)]):
        if found := _LOCATION_WITH_DATABASE.fullmatch(rest, position + 1):
            return _parts(rest[:position], found)
    return None


def _parts(login: str | None, location: re.Match[str]) -> Parts | None:
    user, colon, password = (login or "").partition(":")
    query = location["query"] or ""
    pairs = [pair.partition("=") for pair in query.split("&") if pair]
    parameters = [(unquote_plus(name), unquote_plus(value)) for name, _, value in pairs]
    hosts = [_read_host(host) for host in location["hosts"].split(",")]
    if any(port is not None and port > 65535 for _, port in hosts):  # noqa: PLR2004  TCP's own
        return None
    # SQLAlchemy writes several hosts, and folders, as parameters.
    named = [item for name, value in parameters if name == "host" for item in value.split(",")]
    if named and hosts == [("", None)]:
        hosts = [_read_host(host) for host in named]
        parameters = [(name, value) for name, value in parameters if name != "host"]
    return Parts(
        user=_decode(user) if login is not None else None,
        password=_decode(password) if colon else None,
        hosts=tuple(hosts),
        database=_decode(location["database"] or ""),
        query=tuple(parameters),
        encoded=_is_encoded(login or ""),
    )


def _checked(parts: Parts, variable: str) -> Parts:
    if not parts.database and not parts.parameter("dbname"):
        shown = parts.text(hide_password=True)
        message = (
            f"{variable} is not a Postgres URL; it has the form {FORM}: "
            f"the name of the database is missing in {shown}."
        )
        raise ConfigurationError(message)
    return replace(parts, query=tuple(_known_parameters(parts.query, variable)))


def _known_parameters(query: tuple[tuple[str, str], ...], variable: str) -> list[tuple[str, str]]:
    known = []
    for name, value in query:
        if name in _FOREIGN or (name, value) == ("schema", "public"):
            continue
        if name == "ssl" and value in {"true", "require"}:
            known.append(("sslmode", "require"))
            continue
        if not _is_parameter(name):
            hint = " (for another schema: options=-csearch_path%3DNAME)" * (name == "schema")
            message = (
                f"{variable} has the parameter {name!r}, which Postgres does not know: "
                f"leave it out{hint}."
            )
            raise ConfigurationError(message)
        known.append((name, value))
    return known


@cache
def _is_parameter(name: str) -> bool:
    """Ask libpq itself whether it knows a parameter."""
    try:
        parse_dsn(f"{name}=''")
    except psycopg2.ProgrammingError:
        return False
    return True


def _read_host(text: str) -> tuple[str, int | None]:
    # A bare IPv6 address, as SQLAlchemy has it, has no port.
    found = re.fullmatch(r"(\[.*\]|[^:]*):(\d+)", text)
    host, port = (found[1], int(found[2])) if found else (text, None)
    return _decode(host.strip("[]")), port


def _write_host(host: str, port: int | None) -> str:
    written = f"[{host}]" if ":" in host else quote(host, safe="")
    return written + (f":{port}" if port is not None else "")


def _decode(text: str) -> str:
    """Decode what is percent-encoded; what can't have been encoded is taken as it is."""
    if re.search(r"%(?![0-9A-Fa-f]{2})", text):
        return text
    try:
        return unquote_to_bytes(text).decode("utf-8")
    except UnicodeDecodeError:
        return text


def _is_encoded(login: str) -> bool:
    """Tell whether other tools will read the login as this one does."""
    _, _, password = login.partition(":")
    if re.search(r"[@/?#\s]|%(?![0-9A-Fa-f]{2})", password):
        return False
    # nosemgrep: secret-compared  with itself
    return "%" not in password or _decode(password) != password
