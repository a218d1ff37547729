"""Headers on every answer that keep browsers and caches from doing more with it than was meant."""

from collections.abc import Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

_ALWAYS = (
    # An answer is personal unless the view that gives it says otherwise. Clients that keep an ETag
    # themselves still get their 304: no-store speaks to caches (RFC 9111, 5.2.2.5).
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
)


class SecureHeaders:
    """A WSGI application whose answers have these headers, unless they bring their own.

    `hsts_s` is for how many seconds browsers shall use nothing but HTTPS; 0 leaves that open. It is
    only said over HTTPS (RFC 6797, 7.2).
    """

    def __init__(self, app: WSGIApplication, *, hsts_s: int) -> None:
        self._app = app
        hsts = (("Strict-Transport-Security", f"max-age={hsts_s}"),) if hsts_s else ()
        self._over_https = _ALWAYS + hsts

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""

        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            given = {name.lower() for name, _ in headers}
            wanted = self._over_https if environ["wsgi.url_scheme"] == "https" else _ALWAYS
            headers += [header for header in wanted if header[0].lower() not in given]
            return start_response(status, headers, *error)

        return self._app(environ, start)
