"""Cross-origin requests (WHATWG Fetch, 3.2 "CORS protocol"), for the origins that are set.

Own code rather than Flask-CORS: that takes an origin with odd characters for a pattern, names an
origin where none asked, and lets preflights pass through the whole service, database included.
"""

import re
from collections.abc import Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from plain_commands.errors import ConfigurationError

_ORIGIN = re.compile(r"https?://(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?")

_TAKEN = ("Content-Type", "X-Request-ID", "traceparent")
_EXPOSED = ("Retry-After", "X-Request-ID")
"""What every app takes and sends; more says each for itself."""


def check_origins(origins: Iterable[str]) -> None:
    """Raise ConfigurationError for what no browser sends as `Origin`, and for `*`.

    With `*`, every page that somebody on the service's network opens could read what it serves.
    """
    for origin in origins:
        if not _ORIGIN.fullmatch(origin):
            message = (
                f"CORS_ORIGINS must list origins such as https://app.example.com, "
                f"in lower case and without a path, not {origin!r}."
            )
            raise ConfigurationError(message)


class Cors:
    """A WSGI application that pages of some origins may call, without credentials.

    `taken` are the headers that they may send, and `exposed` those of answers that they may read.
    """

    def __init__(
        self,
        app: WSGIApplication,
        origins: Iterable[str],
        *,
        taken: Iterable[str] = (),
        exposed: Iterable[str] = (),
    ) -> None:
        self._app = app
        self._origins = frozenset(origins)
        self._preflight = [
            ("Access-Control-Allow-Methods", "DELETE, GET, HEAD, PATCH, POST, PUT"),
            ("Access-Control-Allow-Headers", ", ".join(sorted({*_TAKEN, *taken}))),
            ("Access-Control-Max-Age", "3600"),
        ]
        self._exposed = ", ".join(sorted({*_EXPOSED, *exposed}))

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request; a preflight at once, without the application."""
        origin = environ.get("HTTP_ORIGIN")
        more = [("Vary", "Origin")]
        if origin in self._origins:
            more.append(("Access-Control-Allow-Origin", origin))
            if _is_preflight(environ):
                start_response("204 No Content", more + self._preflight)
                return []
            more.append(("Access-Control-Expose-Headers", self._exposed))

        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            return start_response(status, headers + more, *error)

        return self._app(environ, start)


def _is_preflight(environ: WSGIEnvironment) -> bool:
    return (
        environ["REQUEST_METHOD"] == "OPTIONS" and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ
    )
