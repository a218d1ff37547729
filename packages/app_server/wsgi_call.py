"""One call of a WSGI application (PEP 3333) for a request that came by granian's ASGI."""

import sys
from collections.abc import Callable, Iterator
from contextvars import Context, copy_context
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from urllib.parse import unquote_to_bytes

Headers = list[tuple[str, str]]

_COMMON: dict[str, Any] = {
    "GATEWAY_INTERFACE": "CGI/1.1",
    "SCRIPT_NAME": "",
    "SERVER_SOFTWARE": "app_server",
    "wsgi.version": (1, 0),
    "wsgi.multithread": True,
    "wsgi.multiprocess": True,
    "wsgi.run_once": False,
    # Werkzeug's own: the body ends by itself, also one of unknown length.
    "wsgi.input_terminated": True,
}


class Rest:
    """What an application has yet to give of a body that it makes while it is sent.

    Its parts may be asked for in any thread, one after the other: whichever it is, it has the
    context of the call, such as Flask's current request.
    """

    def __init__(self, context: Context, parts: Iterator[bytes], close: Callable[[], None]) -> None:
        self._context = context
        self._parts = filter(None, parts)
        self._close = close

    def next(self) -> bytes:
        """Get the next part that says anything; nothing at the end."""
        return self._context.run(next, self._parts, b"")

    def close(self) -> None:
        """Tell the application that no more is wanted, as PEP 3333 has it."""
        self._context.run(self._close)


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer of an application: with its whole body, or where it has no length, its `rest`."""

    status: int
    headers: Headers
    body: bytes
    rest: Rest | None = None


def call(app: Any, environ: dict[str, Any]) -> Answered:
    """Call an application, and collect its answer, if that says how long it is.

    Of one that does not, only its first part is waited for.
    """
    context = copy_context()
    return context.run(_call, app, environ, context)


def _call(app: Any, environ: dict[str, Any], context: Context) -> Answered:
    begun: list[tuple[int, Headers]] = []
    written: list[bytes] = []

    def start_response(status: str, headers: Headers, exc_info: object = None) -> Any:
        del exc_info  # nothing has been sent, so any later start takes the place of the first
        begun[:] = [(int(status[:3]), headers)]
        return written.append

    body = app(environ, start_response)
    close = getattr(body, "close", lambda: None)
    rest = None
    try:
        parts = iter(body)
        if first := next(filter(None, parts), b""):
            written.append(first)
            if _has_no_length(environ, *begun[0]):
                rest = Rest(context, parts, close)
            else:
                written.extend(parts)
    finally:
        if rest is None:
            close()
    status, headers = begun[0]
    return Answered(status, headers, b"".join(written), rest)


def _has_no_length(environ: dict[str, Any], status: int, headers: Headers) -> bool:
    if environ["REQUEST_METHOD"] == "HEAD" or status in {204, 304}:
        return False
    return all(name.lower() != "content-length" for name, _ in headers)


def answer(send: Any, answered: Answered) -> None:
    """Send an answer, or its beginning, from whichever thread.

    Granian's `send` has done it all when it returns; what is to be awaited is done already.
    """
    pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answered.headers]
    send({"type": "http.response.start", "status": answered.status, "headers": pairs})
    is_begun = answered.rest is not None
    send({"type": "http.response.body", "body": answered.body, "more_body": is_begun})


def environ_of(scope: dict[str, Any], body: bytes) -> dict[str, Any]:
    """Describe a request as WSGI wants it: bytes as if they were latin-1 (PEP 3333)."""
    server, port = scope["server"]
    if port == "0":  # A Unix socket; PEP 3333 wants both.
        server, port = "localhost", "80"
    client, client_port = scope["client"]
    path: bytes = scope["raw_path"]
    query = scope["query_string"].decode("latin-1")
    raw = path.decode("latin-1")
    environ = {
        **_COMMON,
        "REQUEST_METHOD": scope["method"],
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1") if b"%" in path else raw,
        "QUERY_STRING": query,
        # As it was sent: servers that tell it at all tell it here.
        "REQUEST_URI": f"{raw}?{query}" if query else raw,
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": server,
        "SERVER_PORT": port,
        "REMOTE_ADDR": client,
        "REMOTE_PORT": client_port,
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": BytesIO(body),
        "wsgi.errors": sys.stderr,
    }
    _add_headers(environ, scope["headers"])
    return environ


def _add_headers(environ: dict[str, Any], headers: list[tuple[bytes, bytes]]) -> None:
    for name_bytes, value_bytes in headers:
        if b"_" in name_bytes:
            # WSGI could not tell it from one with a hyphen, which a proxy may vouch for.
            continue
        name, value = name_bytes.decode("latin-1"), value_bytes.decode("latin-1")
        if name == "host" and not value:
            # What granian has for none.
            continue
        key = name.upper().replace("-", "_")
        if key not in {"CONTENT_TYPE", "CONTENT_LENGTH"}:
            key = "HTTP_" + key
        if key in environ:
            # RFC 9110, 5.3, and for cookies RFC 9113, 8.2.3.
            environ[key] += ("; " if key == "HTTP_COOKIE" else ",") + value
        else:
            environ[key] = value
