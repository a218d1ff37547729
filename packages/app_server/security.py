"""Refuses what no honest client sends, and puts the layers around the app that browsers need."""

import re
from collections.abc import Iterable
from urllib.parse import unquote_to_bytes
from wsgiref.types import WSGIApplication, WSGIEnvironment

from flask import Flask, request
from werkzeug.exceptions import BadRequest, Forbidden, RequestURITooLarge
from werkzeug.middleware.proxy_fix import ProxyFix

from app_server import canonical
from app_server.cors import Cors, check_origins
from app_server.headers import SecureHeaders
from app_server.hosts import Hosts
from app_server.refusal import TYPES, Refusals
from app_server.settings import ServerSettings
from app_server.target import traits_of
from plain_commands.errors import ConfigurationError
from serverless_postgres.database import Database
from smorest_sqlmodel.secret_paths import secret_paths_of

LONGEST_URL = 8192
"""Bytes of path and query: RFC 9110, 4.1 wants 8000 at least; more may be 32,000 parameters."""

_HOST = re.compile(r"\.?[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*|\[[0-9A-Fa-f:.]+\]")

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

_FOREIGN = "Pages of another origin may not change anything here; see CORS_ORIGINS."
_OTHER_SCHEME = " If that is this service's own, behind a proxy that ends TLS: see TRUSTED_PROXIES."


def init_app(
    app: Flask,
    settings: ServerSettings,
    database: Database | None = None,
    *,
    problem_types: str = TYPES,
    headers_taken: Iterable[str] = (),
    headers_exposed: Iterable[str] = (),
) -> None:
    """Guard an app as the settings say, before anything else is registered with it.

    Its server may then leave it to the app to word what is refused, and closes the connections of
    `database`, if there is one, when it stops. `problem_types` is what the URIs of problem types
    begin with. Pages of the origins that are set may send `headers_taken`, and read
    `headers_exposed` of answers. Raises ConfigurationError for origins and hosts that can't be.
    """
    check_origins(settings.cors_origins)
    check_hosts(settings.allowed_hosts)
    traits = traits_of(app)
    traits.words_refusals = True
    if database is not None:
        traits.stop_waiting.append(database.stop_waiting)
        traits.at_end.append(database.dispose)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    app.config["MAX_JSON_DEPTH"] = settings.max_json_depth
    app.config["MAX_JSON_VALUES"] = settings.max_json_values
    # Otherwise a name that begins with a slash is answered with a redirect to another name.
    app.url_map.merge_slashes = False
    app.before_request(RequestGuard(settings).check)
    app.before_request(canonical.check)
    layered: WSGIApplication = Refusals(app.wsgi_app, problem_types, secret_paths_of(app))
    if settings.cors_origins:
        layered = Cors(layered, settings.cors_origins, taken=headers_taken, exposed=headers_exposed)
    layered = SecureHeaders(layered, hsts_s=settings.hsts_s)
    if proxies := settings.trusted_proxies:
        # X-Forwarded-Host stays out: many proxies pass on what the client made up.
        layered = ProxyFix(layered, x_for=proxies, x_proto=proxies, x_host=0)
    app.wsgi_app = layered  # type: ignore[method-assign]  # as Flask documents for middleware


def check_hosts(hosts: Iterable[str]) -> None:
    """Raise ConfigurationError for what no client sends as a host, and for `*`."""
    for host in hosts:
        if not _HOST.fullmatch(host):
            message = (
                "ALLOWED_HOSTS must list names such as app.example.com, .example.com or [::1], "
                f"without scheme and port, not {host!r}."
            )
            raise ConfigurationError(message)


class RequestGuard:
    """Looks at a request before anything else does."""

    def __init__(self, settings: ServerSettings) -> None:
        self._hosts = Hosts(
            settings.allowed_hosts, is_development=settings.flask_run_from_cli is not None
        )
        self._origins = frozenset(settings.cors_origins)

    def check(self) -> None:
        """Raise BadRequest for no or a foreign host, a query that is not text, or what follows.

        RequestURITooLarge is for a path and query that are too long together, Forbidden for changes
        that a page of another origin makes its visitor's browser send.
        """
        environ = request.environ
        query = environ.get("QUERY_STRING", "")
        if len(environ["PATH_INFO"]) + len(query) > LONGEST_URL:
            message = f"Path and query may have {LONGEST_URL} bytes together."
            raise RequestURITooLarge(message)
        if query and not _is_utf8(query):
            # Werkzeug would leave such bytes as they are written, as if "%ff" had been meant.
            message = "The query must be percent-encoded UTF-8."
            raise BadRequest(message)
        if _lacks_one_host(environ):
            message = "An HTTP/1.1 request has one Host header (RFC 9112, 3.2)."
            raise BadRequest(message)
        objection = self._hosts.objection(request.host, environ["SERVER_NAME"], request.path)
        if objection:
            raise BadRequest(objection)
        if environ["REQUEST_METHOD"] not in _SAFE and self._is_cross_site():
            raise Forbidden(_FOREIGN + (_OTHER_SCHEME if self._is_own_by_https() else ""))

    def _is_cross_site(self) -> bool:
        """Tell whether a browser sent this for a page of another origin.

        Browsers say so themselves (W3C Fetch Metadata Request Headers, 2.3); those that are older,
        or came by plain HTTP, at least name the origin. Other clients send neither.
        """
        origin: str | None = request.environ.get("HTTP_ORIGIN")
        site = request.environ.get("HTTP_SEC_FETCH_SITE")
        if site is not None:
            return site not in {"same-origin", "none"} and origin not in self._origins
        if origin is None or origin in self._origins:
            return False
        return origin != f"{request.scheme}://{request.host}"

    def _is_own_by_https(self) -> bool:
        """Tell whether the page came by HTTPS, and the request from the same host without it."""
        return request.environ.get("HTTP_ORIGIN") == f"https://{request.host}"


def _lacks_one_host(environ: WSGIEnvironment) -> bool:
    if environ.get("SERVER_PROTOCOL") != "HTTP/1.1":
        return False
    # Two are one value with a comma, which no name has.
    host = environ.get("HTTP_HOST")
    return host is None or "," in host


def _is_utf8(query: str) -> bool:
    if "%" not in query and query.isascii():
        return True
    try:
        # PEP 3333: the bytes as if they were latin-1.
        unquote_to_bytes(query.encode("latin-1")).decode()
    except UnicodeDecodeError:
        return False
    return True
