"""One call of a WSGI application (PEP 3333) for a request that came by granian's ASGI."""

import sys
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


def call(app: Any, environ: dict[str, Any]) -> tuple[int, Headers, bytes]:
    """Call an application and collect its answer: status, headers and the whole body."""
    begun: list[tuple[int, Headers]] = []
    parts: list[bytes] = []

    def start_response(status: str, headers: Headers, exc_info: object = None) -> Any:
        del exc_info  # nothing has been sent, so any later start takes the place of the first
        begun[:] = [(int(status[:3]), headers)]
        return parts.append

    body = app(environ, start_response)
    try:
        parts.extend(body)
    finally:
        if hasattr(body, "close"):
            body.close()
    status, headers = begun[0]
    return status, headers, b"".join(parts)


def answer(send: Any, status: int, headers: Headers, body: bytes) -> None:
    """Send an answer, from whichever thread.

    Granian's `send` has done it all when it returns; what is to be awaited is done already.
    """
    pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    send({"type": "http.response.start", "status": status, "headers": pairs})
    send({"type": "http.response.body", "body": body, "more_body": False})


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
